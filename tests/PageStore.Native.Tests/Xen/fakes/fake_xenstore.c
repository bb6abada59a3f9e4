/* Stands in for libxenstore: the entries of one domain, and a guest that answers what is asked of it there. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_xen.h"

/* The number of the one transaction at a time. */
#define TRANSACTION 9u

static char written[FAKE_TEXT];

EXPORT void *xs_open(unsigned long flags)
{
    if (fails(FAKE_STORE_OPEN) || flags != 0)
        return NULL;
    fake->stores++;
    return fake;
}

EXPORT void xs_close(void *handle)
{
    (void)handle;
    fake->stores--;
}

/* The entry of a path; null if there is none. */
static char *entry(const char *path)
{
    char control[FAKE_TEXT], name[FAKE_TEXT];

    snprintf(control, sizeof(control), "/local/domain/%u/control/shutdown", fake->domid);
    snprintf(name, sizeof(name), "/local/domain/%u/name", fake->domid);
    char *found = strcmp(path, control) == 0                  ? fake->request
                  : strcmp(path, name) == 0                   ? fake->name
                  : strcmp(path, "/local/domain/0/name") == 0 ? fake->twin
                  : strncmp(path, "/vm/8a4be5d0-", 13) == 0   ? fake->start_time
                                                              : NULL;

    if (found == NULL || (found != fake->request && found[0] == '\0')) {
        errno = ENOENT;
        return NULL;
    }
    return found;
}

EXPORT void *xs_read(void *handle, uint32_t transaction, const char *path, unsigned *length)
{
    (void)handle;
    if (fails(FAKE_STORE_READ))
        return NULL;
    const char *found = entry(path);

    if (found == NULL)
        return NULL;
    *length = (unsigned)strlen(found);
    (void)transaction;
    return strdup(found);
}

/* The guest sees the request. */
static void answer(void)
{
    if (strcmp(fake->request, "suspend") != 0 || fake->manners == FAKE_DEAF || fake->manners == FAKE_LAST_MOMENT)
        return;
    fake->request[0] = '\0';
    if (fake->manners != FAKE_STUCK)
        fake->looks = FAKE_LOOKS;
}

EXPORT bool xs_write(void *handle, uint32_t transaction, const char *path, const void *data, unsigned length)
{
    (void)handle;
    if (fails(FAKE_STORE_WRITE))
        return false;
    char *place = entry(path);

    if (place != fake->request || length >= FAKE_TEXT)
        abort();
    char *to = transaction == TRANSACTION ? written : place;

    memcpy(to, data, length);
    to[length] = '\0';
    if (to == place)
        answer();
    return true;
}

EXPORT uint32_t xs_transaction_start(void *handle)
{
    (void)handle;
    fake->transactions++;
    if (fake->manners == FAKE_LAST_MOMENT && fake->request[0] != '\0') {
        fake->request[0] = '\0';
        fake->looks = FAKE_LOOKS;
    }
    return TRANSACTION;
}

EXPORT bool xs_transaction_end(void *handle, uint32_t transaction, bool abandon)
{
    (void)handle;
    if (transaction != TRANSACTION)
        abort();
    fake->transactions--;
    if (abandon)
        return true;
    if (fails(FAKE_STORE_COMMIT))
        return false;
    if (fake->conflicts > 0) {
        fake->conflicts--;
        errno = EAGAIN;
        return false;
    }
    strcpy(fake->request, written);
    return true;
}

EXPORT bool xs_resume_domain(void *handle, unsigned domid)
{
    (void)handle;
    if (fails(FAKE_STORE_RESUMED))
        return false;
    if (domid != fake->domid)
        abort();
    fake->told++;
    return true;
}
