/*
 * What is asked before the dirty log is cleaned, in one hypercall: under Xen each call of dom0 goes through its kernel and the hypervisor, which takes as long as
 * reading the log itself. XENMEM_maximum_gpfn, GNTTABOP_query_size and GNTTABOP_get_version belong to the interface that guests use, whose layouts never change;
 * domctl, of which the log is, has other ones in each release, and stays a call of libxenctrl.
 */
#include <string.h>

#include "xen.h"

enum { QUESTIONS = 3 };

/* In memory of libxencall, which stays in place. */
struct ps_xen_questions {
    struct ps_multicall calls[QUESTIONS];
    struct ps_grant_size size;
    struct ps_grant_version version;
    uint16_t domid;
};

struct ps_xen_questions *ps_xen_questions_new(struct ps_xen *xen)
{
    /* Elsewhere the words of a multicall are not those of this program. */
    return xen->call == NULL || sizeof(long) != sizeof(uint64_t) ? NULL : xen->call_alloc(xen->call, sizeof(struct ps_xen_questions));
}

void ps_xen_questions_free(struct ps_xen *xen, struct ps_xen_questions *questions)
{
    if (questions != NULL)
        xen->call_free(xen->call, questions);
}

static struct ps_multicall question(unsigned long hypercall, unsigned long command, void *argument, unsigned long count)
{
    return (struct ps_multicall){.op = hypercall, .args = {command, (unsigned long)argument, count}};
}

/* 0, or -1 where one of them was not answered: whoever asks for each by itself is told why. */
static int ask_together(struct ps_xen *xen, uint32_t domid, struct ps_xen_questions *questions, struct ps_xen_answers *answers)
{
    struct ps_multicall *calls = questions->calls;

    memset(questions, 0, sizeof(*questions));
    questions->domid = questions->size.dom = questions->version.dom = (uint16_t)domid;
    calls[0] = question(PS_HYPERVISOR_MEMORY, PS_MEMORY_MAXIMUM_GPFN, &questions->domid, 0);
    calls[1] = question(PS_HYPERVISOR_GRANTS, PS_GRANTS_QUERY_SIZE, &questions->size, 1);
    calls[2] = question(PS_HYPERVISOR_GRANTS, PS_GRANTS_GET_VERSION, &questions->version, 1);
    if (xen->call_2(xen->call, PS_HYPERVISOR_MULTICALL, (uintptr_t)calls, QUESTIONS) != 0)
        return -1;
    if ((long)calls[0].result < 0 || calls[1].result != 0 || questions->size.status != 0 || calls[2].result != 0)
        return -1;
    answers->pages = (uint64_t)calls[0].result + 1;
    answers->grant_frames = questions->size.nr_frames;
    answers->grant_version = (int)questions->version.version;
    return 0;
}

int32_t ps_xen_ask(struct ps_xen *xen, const struct ps_xen_info *domain, struct ps_xen_questions *questions, struct ps_xen_answers *answers,
                   int32_t *err)
{
    int has_grants = ps_xen_has_grants(xen, domain);

    *err = 0;
    memset(answers, 0, sizeof(*answers));
    if (has_grants && questions != NULL && ask_together(xen, domain->domid, questions, answers) == 0)
        return PS_OK;
    int32_t result = ps_xen_pages(xen, domain, &answers->pages, err);

    return result == PS_OK && has_grants ? ps_xen_grants_ask(xen, domain, answers, err) : result;
}
