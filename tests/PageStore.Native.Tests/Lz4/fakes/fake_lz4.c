/* A liblz4 of 1.9.1, the last with CVE-2019-17543. What it packs and unpacks is never asked. */
#define EXPORTED __attribute__((visibility("default")))

EXPORTED int LZ4_versionNumber(void);
EXPORTED int LZ4_compress_fast(const char *source, char *destination, int bytes, int room, int acceleration);
EXPORTED int LZ4_decompress_safe(const char *source, char *destination, int bytes, int room);

int LZ4_versionNumber(void)
{
    return 10901;
}

int LZ4_compress_fast(const char *source, char *destination, int bytes, int room, int acceleration)
{
    (void)source, (void)destination, (void)bytes, (void)room, (void)acceleration;
    return 0;
}

int LZ4_decompress_safe(const char *source, char *destination, int bytes, int room)
{
    (void)source, (void)destination, (void)bytes, (void)room;
    return -1;
}
