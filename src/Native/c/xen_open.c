/* The connection to the hypervisor. */
#include <errno.h>
#include <stdlib.h>

#include "xen.h"

static void say_nothing(struct ps_xen_logger *logger, int level, int errnoval, const char *context, const char *format,
                        va_list list)
{
    (void)logger, (void)level, (void)errnoval, (void)context, (void)format, (void)list;
}

static void show_nothing(struct ps_xen_logger *logger, const char *context, const char *doing, int percent, unsigned long done,
                         unsigned long total)
{
    (void)logger, (void)context, (void)doing, (void)percent, (void)done, (void)total;
}

static void destroy_nothing(struct ps_xen_logger *logger)
{
    (void)logger;
}

/* The libraries only call it; what failed is the caller's to tell. */
static struct ps_xen_logger silent = {say_nothing, show_nothing, destroy_nothing};

static void close_interfaces(struct ps_xen *xen)
{
    if (xen->call != NULL)
        xen->call_close(xen->call);
    if (xen->foreign != NULL)
        xen->foreign_close(xen->foreign);
    if (xen->control != NULL)
        xen->interface_close(xen->control);
    xen->call = NULL;
    xen->foreign = NULL;
    xen->control = NULL;
}

/*
 * PS_XEN_VERSION if the hypervisor refuses to understand the library: domctl and sysctl carry the version of their interface, and
 * Xen answers EACCES to another than its own.
 */
static int32_t connect(struct ps_xen *xen, int32_t *err)
{
    struct ps_domaininfo first;

    xen->control = xen->interface_open(&silent, &silent, 0);
    xen->foreign = xen->control == NULL ? NULL : xen->foreign_open(&silent, 0);
    if (xen->foreign == NULL) {
        *err = errno;
        close_interfaces(xen);
        return PS_XEN_INTERFACE;
    }
    if (xen->getinfolist(xen->control, 0, 1, &first) >= 0) {
        xen->call = xen->call_library == NULL ? NULL : xen->call_open(&silent, 0);
        return PS_OK;
    }
    *err = errno;
    close_interfaces(xen);
    return *err == EACCES ? PS_XEN_VERSION : PS_XEN_DOMAIN;
}

int32_t ps_xen_open(const char *path, struct ps_xen **xen, char *tried, uint64_t tried_bytes, int32_t *err)
{
    struct ps_text text = {.bytes = tried, .size = tried_bytes};
    int32_t result = PS_XEN_LIBRARY;

    *err = 0;
    *xen = NULL;
    if (tried_bytes == 0)
        return PS_ARGUMENT;
    tried[0] = '\0';
    struct ps_xen *made = malloc(sizeof(*made));

    if (made == NULL) {
        *err = errno;
        return PS_MEMORY;
    }
    /* Several releases may be installed, and a library of another one than the hypervisor's is only passed by. */
    for (unsigned i = 0; i < ps_xen_candidates(path) && (result == PS_XEN_LIBRARY || result == PS_XEN_VERSION); i++) {
        if (ps_xen_load(made, path, i, &text) != 0)
            continue;
        result = connect(made, err);
        if (result != PS_OK)
            ps_xen_unload(made);
    }
    if (result != PS_OK) {
        free(made);
        return result;
    }
    *err = 0;
    *xen = made;
    return PS_OK;
}

int32_t ps_xen_close(struct ps_xen *xen, int32_t *err)
{
    *err = 0;
    if (xen == NULL)
        return PS_OK;
    close_interfaces(xen);
    ps_xen_unload(xen);
    free(xen);
    return PS_OK;
}
