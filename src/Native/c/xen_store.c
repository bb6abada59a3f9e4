/* Xenstore, by libxenstore: what a toolstack and a guest tell each other. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xen.h"

/* The first from 4.15 on, the second before; both have the functions used here (Xen's tools/include/xenstore.h). */
static const char *const libraries[] = {"libxenstore.so.4", "libxenstore.so.3.0"};

/* xs_transaction_t; XBT_NULL is none. */
typedef uint32_t ps_xs_transaction;
#define PS_XBT_NULL 0u

struct ps_xen_store {
    void *library;
    void *handle;
    void *(*open)(unsigned long flags);
    void (*close)(void *);
    void *(*read)(void *, ps_xs_transaction, const char *path, unsigned int *length);
    bool (*write)(void *, ps_xs_transaction, const char *path, const void *data, unsigned int length);
    ps_xs_transaction (*begin)(void *);
    bool (*end)(void *, ps_xs_transaction, bool abort);
    bool (*resume)(void *, unsigned int domid);
};

static const struct {
    const char *name;
    size_t place;
} symbols[] = {
    {"xs_open", offsetof(struct ps_xen_store, open)},
    {"xs_close", offsetof(struct ps_xen_store, close)},
    {"xs_read", offsetof(struct ps_xen_store, read)},
    {"xs_write", offsetof(struct ps_xen_store, write)},
    {"xs_transaction_start", offsetof(struct ps_xen_store, begin)},
    {"xs_transaction_end", offsetof(struct ps_xen_store, end)},
    {"xs_resume_domain", offsetof(struct ps_xen_store, resume)},
};

static int look_up(struct ps_xen_store *store, struct ps_text *text)
{
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *found = dlsym(store->library, symbols[i].name);

        if (found == NULL) {
            ps_text_add(text, symbols[i].name);
            return -1;
        }
        memcpy((char *)store + symbols[i].place, &found, sizeof(found));
    }
    return 0;
}

static int load(struct ps_xen_store *store, const char *path, struct ps_text *text)
{
    for (size_t i = 0; store->library == NULL && i < sizeof(libraries) / sizeof(libraries[0]); i++)
        store->library = ps_xen_library(path, ps_xen_directory(path), libraries[i], text);
    return store->library == NULL ? -1 : look_up(store, text);
}

int32_t ps_xen_store_open(const char *path, struct ps_xen_store **store, char *tried, uint64_t tried_bytes, int32_t *err)
{
    struct ps_text text = {.bytes = tried, .size = tried_bytes};
    int32_t result = PS_OK;

    *err = 0;
    *store = NULL;
    if (tried_bytes == 0)
        return PS_ARGUMENT;
    tried[0] = '\0';
    struct ps_xen_store *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        *err = errno;
        return PS_MEMORY;
    }
    if (load(made, path, &text) != 0) {
        result = PS_XEN_LIBRARY;
    } else if ((made->handle = made->open(0)) == NULL) {
        *err = errno;
        result = PS_XEN_STORE;
    }
    if (result == PS_OK) {
        *store = made;
        return PS_OK;
    }
    if (made->library != NULL)
        dlclose(made->library);
    free(made);
    return result;
}

int32_t ps_xen_store_close(struct ps_xen_store *store, int32_t *err)
{
    *err = 0;
    if (store == NULL)
        return PS_OK;
    store->close(store->handle);
    dlclose(store->library);
    free(store);
    return PS_OK;
}

/* After a call that failed. */
static int32_t failed(int32_t *err)
{
    *err = errno;
    return PS_XEN_STORE;
}

int32_t ps_xen_store_read(struct ps_xen_store *store, const char *path, void *value, uint64_t capacity, uint64_t *bytes, int32_t *err)
{
    unsigned int length = 0;

    *err = 0;
    *bytes = 0;
    void *found = store->read(store->handle, PS_XBT_NULL, path, &length);

    if (found == NULL)
        return failed(err);
    memcpy(value, found, length < capacity ? length : (size_t)capacity);
    free(found);
    *bytes = length;
    return PS_OK;
}

int32_t ps_xen_store_write(struct ps_xen_store *store, const char *path, const char *value, int32_t *err)
{
    *err = 0;
    return store->write(store->handle, PS_XBT_NULL, path, value, (unsigned int)strlen(value)) ? PS_OK : failed(err);
}

/* -1 and errno; else whether it was written. */
static int replace_in(struct ps_xen_store *store, ps_xs_transaction transaction, const char *path, const char *expected,
                      const char *value)
{
    unsigned int length = 0;
    char *found = store->read(store->handle, transaction, path, &length);

    if (found == NULL)
        return -1;
    int same = length == strlen(expected) && memcmp(found, expected, length) == 0;

    free(found);
    if (same && !store->write(store->handle, transaction, path, value, (unsigned int)strlen(value)))
        return -1;
    return same;
}

int32_t ps_xen_store_replace(struct ps_xen_store *store, const char *path, const char *expected, const char *value, uint32_t *replaced,
                             int32_t *err)
{
    *err = 0;
    *replaced = 0;
    for (;;) {
        ps_xs_transaction transaction = store->begin(store->handle);

        if (transaction == PS_XBT_NULL)
            return failed(err);
        int done = replace_in(store, transaction, path, expected, value);
        int number = errno;

        if (done <= 0) {
            store->end(store->handle, transaction, true);
            errno = number;
            return done == 0 ? PS_OK : failed(err);
        }
        if (store->end(store->handle, transaction, false)) {
            *replaced = 1;
            return PS_OK;
        }
        /* EAGAIN: somebody else wrote meanwhile. */
        if (errno != EAGAIN)
            return failed(err);
    }
}

int32_t ps_xen_store_resumed(struct ps_xen_store *store, uint32_t domid, int32_t *err)
{
    *err = 0;
    return store->resume(store->handle, domid) ? PS_OK : failed(err);
}
