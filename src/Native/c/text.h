/* What was tried in vain, for the caller's message. */
#ifndef PS_TEXT_H
#define PS_TEXT_H

#include <stdint.h>

struct ps_text {
    char *bytes;
    uint64_t size; /* with the NUL */
};

/* Adds a part, behind a comma if it is not the first. What does not fit is cut off. */
void ps_text_add(struct ps_text *text, const char *part);
/* Adds a library that is there and lacks something. */
void ps_text_lack(struct ps_text *text, const char *name, const char *lack);

#endif
