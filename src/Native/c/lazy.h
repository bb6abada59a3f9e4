/* What the parts of lazy memory share. */
#ifndef PS_LAZY_H
#define PS_LAZY_H

/* Memory whose pages are missing until they are brought, of this process or another. */
struct ps_lazy {
    int uffd;
    int wake; /* an eventfd */
};

#endif
