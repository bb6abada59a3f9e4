/* LZ4 blocks by liblz4, found at run time: most hosts have it, as systemd and apt need it, and nothing here depends on it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ps_abi.h"
#include "text.h"

/* The name since 1.7.3 of 2016, and its only one: its interface only grows. */
static const char soname[] = "liblz4.so.1";

/* 1.9.2: LZ4_compress_fast of earlier ones can write behind its destination (CVE-2019-17543). */
#define OLDEST_VERSION 10902

/* The speed of LZ4_compress_default, which packs best of those that LZ4_compress_fast has. */
#define ACCELERATION 1

struct ps_lz4 {
    void *library;
    int (*compress)(const char *, char *, int source_bytes, int room, int acceleration);
    int (*decompress)(const char *, char *, int source_bytes, int room);
};

static int look_up(struct ps_lz4 *lz4, const char *name, uint32_t *version, struct ps_text *text)
{
    int (*number)(void);
    const struct {
        const char *name;
        void *place;
    } symbols[] = {
        {"LZ4_versionNumber", &number},
        {"LZ4_compress_fast", &lz4->compress},
        {"LZ4_decompress_safe", &lz4->decompress},
    };

    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *found = dlsym(lz4->library, symbols[i].name);

        if (found == NULL) {
            ps_text_lack(text, name, symbols[i].name);
            return -1;
        }
        memcpy(symbols[i].place, &found, sizeof(found));
    }
    *version = (uint32_t)number();
    if (*version >= OLDEST_VERSION)
        return 0;
    ps_text_lack(text, name, "the repairs of 1.9.2");
    return -1;
}

int32_t ps_lz4_open(const char *path, struct ps_lz4 **lz4, uint32_t *version, char *tried, uint64_t tried_bytes, int32_t *err)
{
    struct ps_text text = {.bytes = tried, .size = tried_bytes};
    const char *name = path == NULL ? soname : path;

    *err = 0;
    *lz4 = NULL;
    *version = 0;
    if (tried_bytes == 0)
        return PS_ARGUMENT;
    tried[0] = '\0';
    struct ps_lz4 *made = calloc(1, sizeof(*made));

    if (made == NULL) {
        *err = errno;
        return PS_MEMORY;
    }
    made->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (made->library == NULL)
        ps_text_add(&text, name);
    else if (look_up(made, name, version, &text) == 0) {
        *lz4 = made;
        return PS_OK;
    }
    ps_lz4_close(made, err);
    *version = 0;
    return PS_LZ4_LIBRARY;
}

int32_t ps_lz4_close(struct ps_lz4 *lz4, int32_t *err)
{
    *err = 0;
    if (lz4 == NULL)
        return PS_OK;
    if (lz4->library != NULL)
        dlclose(lz4->library);
    free(lz4);
    return PS_OK;
}

int32_t ps_lz4_pack(struct ps_lz4 *lz4, const uint8_t *source, uint64_t source_bytes, uint8_t *destination, uint64_t room,
                    uint64_t *written, int32_t *err)
{
    *err = 0;
    *written = 0;
    if (source_bytes > PS_LZ4_MOST || room > INT_MAX)
        return PS_ARGUMENT;
    /* Its state, 16 KiB, is on the stack. */
    int packed = lz4->compress((const char *)source, (char *)destination, (int)source_bytes, (int)room, ACCELERATION);

    *written = packed > 0 ? (uint64_t)packed : 0;
    return PS_OK;
}

int32_t ps_lz4_unpack(struct ps_lz4 *lz4, const uint8_t *source, uint64_t source_bytes, uint8_t *destination, uint64_t bytes,
                      int32_t *err)
{
    *err = 0;
    if (source_bytes > INT_MAX || bytes > PS_LZ4_MOST)
        return PS_ARGUMENT;
    /* A match at distance 0, which the format forbids and the library takes, must not hand out what the destination held. */
    memset(destination, 0, bytes);
    int plain = lz4->decompress((const char *)source, (char *)destination, (int)source_bytes, (int)bytes);

    return plain >= 0 && (uint64_t)plain == bytes ? PS_OK : PS_LZ4_BLOCK;
}
