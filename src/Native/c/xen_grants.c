/*
 * The pages of a domain that backends have mapped for writing, for as long as they have them mapped. What is written through such a mapping Xen logs when it
 * is taken away (gnttab_mark_dirty, xen/common/grant_table.c), and rings and persistently granted buffers never are while the device is in use.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "xen.h"

static void look_up(void *library, const char *name, void *place)
{
    void *found = dlsym(library, name);

    memcpy(place, &found, sizeof(found));
}

void ps_xen_grants_load(struct ps_xen *xen)
{
    look_up(xen->control_library, "xc_gnttab_query_size", &xen->grant_size);
    look_up(xen->control_library, "xc_gnttab_get_version", &xen->grant_version);
    look_up(xen->foreign_library, "xenforeignmemory_map_resource", &xen->resource_map);
    look_up(xen->foreign_library, "xenforeignmemory_unmap_resource", &xen->resource_unmap);
}

/* dom0's kernel maps grant tables since Linux 4.18; an older one knows no such ioctl, and libxenforeignmemory says so for other systems. */
static int cannot_map(int error)
{
    return error == ENOTTY || error == EOPNOTSUPP || error == ENOSYS;
}

void ps_xen_grants_unmap(struct ps_xen *xen, struct ps_xen_grants *grants)
{
    if (grants->resource != NULL)
        xen->resource_unmap(xen->foreign, grants->resource);
    grants->resource = NULL;
}

int ps_xen_has_grants(const struct ps_xen *xen, const struct ps_xen_info *domain)
{
    /* The table of a PV guest names machine frames, and its log page frames. */
    return (domain->flags & PS_XEN_HVM) && xen->grant_size != NULL && xen->grant_version != NULL && xen->resource_map != NULL &&
           xen->resource_unmap != NULL;
}

int32_t ps_xen_grants_ask(struct ps_xen *xen, const struct ps_xen_info *domain, struct ps_xen_answers *answers, int32_t *err)
{
    struct ps_grant_size size = {.dom = (uint16_t)domain->domid};

    *err = 0;
    errno = EINVAL;
    if (xen->grant_size(xen->control, &size) != 0 || size.status != 0)
        return ps_xen_failed(xen, domain, PS_XEN_DOMAIN, err);
    answers->grant_frames = size.nr_frames;
    answers->grant_version = xen->grant_version(xen->control, domain->domid);
    return answers->grant_version < 0 ? ps_xen_failed(xen, domain, PS_XEN_DOMAIN, err) : PS_OK;
}

int32_t ps_xen_grants_map(struct ps_xen *xen, const struct ps_xen_info *domain, const struct ps_xen_answers *now, struct ps_xen_grants *grants,
                          int32_t *err)
{
    void *table = NULL;

    *err = 0;
    /* Mapping takes longer than all the rest. A guest's table only grows. */
    if (grants->resource != NULL && now->grant_frames == grants->frames && now->grant_version == grants->version)
        return PS_OK;
    ps_xen_grants_unmap(xen, grants);
    if (now->grant_frames == 0)
        return PS_OK;
    grants->frames = now->grant_frames;
    grants->version = now->grant_version;
    grants->resource = xen->resource_map(xen->foreign, domain->domid, PS_RESOURCE_GRANTS, PS_RESOURCE_GRANTS_SHARED, 0, grants->frames,
                                         &table, PROT_READ, 0);
    grants->table = table;
    if (grants->resource == NULL)
        return cannot_map(errno) ? PS_OK : ps_xen_failed(xen, domain, PS_XEN_MAP, err);
    /* It may be the table of another domain that has the number since. */
    int32_t result = ps_xen_check(xen, domain, err);

    if (result != PS_OK)
        ps_xen_grants_unmap(xen, grants);
    return result;
}

static void mark(uint8_t *bits, uint64_t pages, uint64_t frame)
{
    if (frame < pages)
        bits[frame / 8] |= (uint8_t)(1u << frame % 8);
}

void ps_xen_grants_mark(const struct ps_xen_grants *grants, uint8_t *bits, uint64_t pages)
{
    /* The guest may write to it meanwhile. */
    const volatile struct ps_grant_v1 *v1 = grants->table;
    const volatile struct ps_grant_v2 *v2 = grants->table;
    size_t bytes = (size_t)grants->frames * PS_XEN_PAGE_BYTES;

    if (grants->resource == NULL)
        return;
    if (grants->version == 1) {
        for (size_t i = 0; i < bytes / sizeof(*v1); i++)
            if ((v1[i].flags & (PS_GRANT_TYPE | PS_GRANT_WRITING)) == (PS_GRANT_ACCESS | PS_GRANT_WRITING))
                mark(bits, pages, v1[i].frame);
        return;
    }
    /* Version 2 keeps elsewhere what is mapped; here, what may be. */
    for (size_t i = 0; i < bytes / sizeof(*v2); i++)
        if ((v2[i].flags & (PS_GRANT_TYPE | PS_GRANT_READONLY)) == PS_GRANT_ACCESS)
            mark(bits, pages, v2[i].frame);
}
