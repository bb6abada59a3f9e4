/* The names of what was tried in vain. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

void ps_text_add(struct ps_text *text, const char *part)
{
    size_t used = strlen(text->bytes);

    snprintf(text->bytes + used, text->size - used, "%s%s", used > 0 ? ", " : "", part);
}

void ps_text_lack(struct ps_text *text, const char *name, const char *lack)
{
    char part[PATH_MAX + 64];

    snprintf(part, sizeof(part), "%s (without %s)", name, lack);
    ps_text_add(text, part);
}
