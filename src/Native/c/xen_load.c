/* Finding Xen's libraries. The shim is not linked to them: most hosts have none, and libxenctrl's name is the release's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "xen.h"

/* The newest first. Only the one of the running hypervisor's release is of use, which is found out by asking. */
static const char *const controls[] = {
    "libxenctrl.so.4.20", "libxenctrl.so.4.19", "libxenctrl.so.4.18", "libxenctrl.so.4.17",
    "libxenctrl.so.4.16", "libxenctrl.so.4.15", "libxenctrl.so.4.14", "libxenctrl.so",
};
static const char foreign[] = "libxenforeignmemory.so.1";

struct symbol {
    const char *name;
    size_t place; /* of the pointer, in struct ps_xen */
};

static const struct symbol control_symbols[] = {
    {"xc_interface_open", offsetof(struct ps_xen, interface_open)},
    {"xc_interface_close", offsetof(struct ps_xen, interface_close)},
    {"xc_domain_getinfolist", offsetof(struct ps_xen, getinfolist)},
    {"xc_domain_nr_gpfns", offsetof(struct ps_xen, nr_gpfns)},
    {"xc_domain_pause", offsetof(struct ps_xen, pause)},
    {"xc_domain_unpause", offsetof(struct ps_xen, unpause)},
    {"xc_get_pfn_type_batch", offsetof(struct ps_xen, get_pfn_types)},
    {"xc__hypercall_buffer_alloc_pages", offsetof(struct ps_xen, buffer_alloc)},
    {"xc__hypercall_buffer_free_pages", offsetof(struct ps_xen, buffer_free)},
    {"xc_shadow_control", offsetof(struct ps_xen, shadow_control)},
    {NULL, 0},
};
static const struct symbol foreign_symbols[] = {
    {"xenforeignmemory_open", offsetof(struct ps_xen, foreign_open)},
    {"xenforeignmemory_close", offsetof(struct ps_xen, foreign_close)},
    {"xenforeignmemory_map", offsetof(struct ps_xen, foreign_map)},
    {"xenforeignmemory_unmap", offsetof(struct ps_xen, foreign_unmap)},
    {NULL, 0},
};
static const struct symbol call_symbols[] = {
    {"xencall_open", offsetof(struct ps_xen, call_open)},
    {"xencall_close", offsetof(struct ps_xen, call_close)},
    {"xencall_alloc_buffer", offsetof(struct ps_xen, call_alloc)},
    {"xencall_free_buffer", offsetof(struct ps_xen, call_free)},
    {"xencall2", offsetof(struct ps_xen, call_2)},
    {NULL, 0},
};

/* What restorable epochs and PV domains need, and what tells of a device model. All else works without. */
static const struct symbol state_symbols[] = {
    {"xc_version", offsetof(struct ps_xen, version)},
    {"xc_domain_hvm_getcontext", offsetof(struct ps_xen, hvm_getcontext)},
    {"xc_hvm_param_get", offsetof(struct ps_xen, hvm_param_get)},
    {"xc_domain_get_tsc_info", offsetof(struct ps_xen, get_tsc_info)},
    {"xc_domain_resume", offsetof(struct ps_xen, resume)},
    {"xc_get_cpu_policy_size", offsetof(struct ps_xen, policy_size)},
    {"xc_cpu_policy_get_size", offsetof(struct ps_xen, policy_size)},
    {"xc_get_domain_cpu_policy", offsetof(struct ps_xen, policy_415)},
    {"xc_cpu_policy_init", offsetof(struct ps_xen, policy_init)},
    {"xc_cpu_policy_destroy", offsetof(struct ps_xen, policy_destroy)},
    {"xc_cpu_policy_get_domain", offsetof(struct ps_xen, policy_domain)},
    {"xc_cpu_policy_serialise", offsetof(struct ps_xen, policy_serialise)},
    {"xc_map_domain_meminfo", offsetof(struct ps_xen, map_meminfo)},
    {"xc_unmap_domain_meminfo", offsetof(struct ps_xen, unmap_meminfo)},
    {"xc_map_m2p", offsetof(struct ps_xen, map_m2p)},
    {"xc_maximum_ram_page", offsetof(struct ps_xen, highest_frame)},
    {NULL, 0},
};

static int is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

unsigned ps_xen_candidates(const char *path)
{
    return path == NULL || is_directory(path) ? sizeof(controls) / sizeof(controls[0]) : 1;
}

/* "directory/name" into place, which has PATH_MAX bytes; name alone where there is no directory. */
static void join(char *place, const char *directory, size_t length, const char *name)
{
    if (length == 0)
        snprintf(place, PATH_MAX, "%s", name);
    else
        snprintf(place, PATH_MAX, "%.*s/%s", (int)(length < PATH_MAX ? length : PATH_MAX), directory, name);
}

/* nodelete: the libraries may have left something behind in the threads that called them. */
static void *load(const char *name, struct ps_text *text)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (library == NULL)
        ps_text_add(text, name);
    return library;
}

static int look_up(struct ps_xen *xen, void *library, const struct symbol *symbol, const char *name, struct ps_text *text)
{
    for (; symbol->name != NULL; symbol++) {
        void *found = dlsym(library, symbol->name);

        if (found == NULL) {
            ps_text_lack(text, name, symbol->name);
            return -1;
        }
        memcpy((char *)xen + symbol->place, &found, sizeof(found));
    }
    return 0;
}

void *ps_xen_library(const char *directory, size_t length, const char *name, struct ps_text *text)
{
    char path[PATH_MAX];

    join(path, directory, length, name);
    void *library = load(path, text);

    return library == NULL && length > 0 ? load(name, text) : library;
}

/* Its interface is stable, so the system's serves as well where the directory has none. */
static int load_foreign(struct ps_xen *xen, const char *directory, size_t length, struct ps_text *text)
{
    xen->foreign_library = ps_xen_library(directory, length, foreign, text);
    return xen->foreign_library == NULL ? -1 : look_up(xen, xen->foreign_library, foreign_symbols, foreign, text);
}

/* Its interface is stable as well. Without it all works, with more calls. */
static void load_call(struct ps_xen *xen, const char *directory, size_t length)
{
    static const char name[] = "libxencall.so.1";
    char unused[PATH_MAX] = "";
    struct ps_text text = {.bytes = unused, .size = sizeof(unused)};

    xen->call_library = ps_xen_library(directory, length, name, &text);
    if (xen->call_library == NULL || look_up(xen, xen->call_library, call_symbols, name, &text) == 0)
        return;
    dlclose(xen->call_library);
    xen->call_library = NULL;
}

/* libxenguest of the release of a libxenctrl, control, which has the release behind its name as well. */
static void load_guest(struct ps_xen *xen, const char *control)
{
    static const char stem[] = "libxenctrl", guest[] = "libxenguest";
    const char *slash = strrchr(control, '/');
    const char *name = slash == NULL ? control : slash + 1;
    char path[PATH_MAX];

    if (strncmp(name, stem, strlen(stem)) != 0)
        return;
    snprintf(path, sizeof(path), "%.*s%s%s", (int)(name - control), control, guest, name + strlen(stem));
    xen->guest_library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

static void look_up_state(struct ps_xen *xen)
{
    for (const struct symbol *symbol = state_symbols; symbol->name != NULL; symbol++) {
        void *found = dlsym(xen->control_library, symbol->name);

        if (found == NULL && xen->guest_library != NULL)
            found = dlsym(xen->guest_library, symbol->name);
        if (found != NULL)
            memcpy((char *)xen + symbol->place, &found, sizeof(found));
    }
    int has_policy = xen->policy_init != NULL ? xen->policy_destroy != NULL && xen->policy_domain != NULL && xen->policy_serialise != NULL
                                              : xen->policy_415 != NULL;

    xen->has_state = has_policy && xen->policy_size != NULL && xen->version != NULL && xen->hvm_getcontext != NULL &&
                     xen->hvm_param_get != NULL && xen->get_tsc_info != NULL && xen->resume != NULL;
}

size_t ps_xen_directory(const char *path)
{
    if (path == NULL)
        return 0;
    const char *slash = strrchr(path, '/');

    return is_directory(path) ? strlen(path) : slash == NULL ? 0 : (size_t)(slash - path);
}

int ps_xen_load(struct ps_xen *xen, const char *path, unsigned candidate, struct ps_text *text)
{
    char name[PATH_MAX];
    size_t length = ps_xen_directory(path);

    memset(xen, 0, sizeof(*xen));
    if (path != NULL && !is_directory(path))
        snprintf(name, sizeof(name), "%s", path);
    else
        join(name, path, length, controls[candidate]);
    xen->control_library = load(name, text);
    if (xen->control_library != NULL && look_up(xen, xen->control_library, control_symbols, name, text) == 0 &&
        load_foreign(xen, path, length, text) == 0) {
        void *logdirty = dlsym(xen->control_library, "xc_logdirty_control");

        memcpy(&xen->logdirty_control, &logdirty, sizeof(logdirty));
        ps_xen_grants_load(xen);
        load_call(xen, path, length);
        load_guest(xen, name);
        look_up_state(xen);
        return 0;
    }
    ps_xen_unload(xen);
    return -1;
}

void ps_xen_unload(struct ps_xen *xen)
{
    if (xen->foreign_library != NULL)
        dlclose(xen->foreign_library);
    if (xen->call_library != NULL)
        dlclose(xen->call_library);
    if (xen->guest_library != NULL)
        dlclose(xen->guest_library);
    if (xen->control_library != NULL)
        dlclose(xen->control_library);
    xen->foreign_library = NULL;
    xen->call_library = NULL;
    xen->guest_library = NULL;
    xen->control_library = NULL;
}
