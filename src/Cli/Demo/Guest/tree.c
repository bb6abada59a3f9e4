/* A sorted index: a treap (Seidel and Aragon, "Randomized search trees", 1996), whose priorities are hashes of the keys. */
#include "workload.h"

/* Left and right are numbers of nodes from 1 on; 0 is none. */
struct node {
    uint64_t key;
    uint64_t version;
    uint64_t sum;
    uint32_t left;
    uint32_t right;
};
_Static_assert(sizeof(struct node) == 32, "128 to a page");

/* What a walk through the whole tree has seen. */
struct walk {
    uint64_t nodes;
    uint64_t versions;
    uint64_t last_key;
};

static struct node *node_at(uint32_t number)
{
    return (struct node *)S->tree_address + (number - 1);
}

static uint64_t sum_of(const struct node *node)
{
    return mix(node->key ^ mix(node->version ^ P->seed));
}

static void check(const struct node *node)
{
    if (node->sum != sum_of(node) || node->left > S->tree_count || node->right > S->tree_count)
        fail(BAD_NODE, node);
}

static void touch(struct node *node)
{
    node->version++;
    node->sum = sum_of(node);
    S->tree_writes++;
}

static uint32_t new_node(uint64_t key)
{
    uint32_t number = (uint32_t)++S->tree_count;
    struct node *node = node_at(number);

    node->key = key;
    touch(node);
    return number;
}

static struct node *find(uint64_t key)
{
    for (uint32_t at = S->tree_root; at != 0;) {
        struct node *node = node_at(at);

        check(node);
        if (node->key == key)
            return node;
        at = key < node->key ? node->left : node->right;
    }
    return 0;
}

/* Puts a new key below a node, and turns it up while its priority is higher. Returns the node that is on top then. */
static uint32_t insert(uint32_t at, uint64_t key)
{
    if (at == 0)
        return new_node(key);
    struct node *node = node_at(at);
    uint32_t below = insert(key < node->key ? node->left : node->right, key);
    struct node *child = node_at(below);
    int turns = mix(child->key) > mix(node->key);

    if (key < node->key) {
        node->left = turns ? child->right : below;
        if (turns)
            child->right = at;
    } else {
        node->right = turns ? child->left : below;
        if (turns)
            child->left = at;
    }
    return turns ? below : at;
}

/* Half of the capacity is taken at the start, from twice as many keys as there is room for. */
void tree_make(uint64_t address, uint64_t bytes)
{
    S->tree_address = address;
    S->tree_capacity = bytes / sizeof(struct node);
    while (S->tree_count < S->tree_capacity / 2)
        tree_put(next_random() % (2 * S->tree_capacity));
}

uint64_t tree_get(uint64_t key)
{
    const struct node *node = find(key);

    return node == 0 ? 0 : node->version;
}

uint64_t tree_put(uint64_t key)
{
    struct node *node = find(key);

    if (node != 0) {
        touch(node);
        return node->version;
    }
    if (S->tree_count < S->tree_capacity)
        S->tree_root = insert(S->tree_root, key);
    return 0;
}

static void walk_from(uint32_t at, struct walk *walk)
{
    if (at == 0)
        return;
    const struct node *node = node_at(at);

    check(node);
    walk_from(node->left, walk);
    if (walk->nodes > 0 && node->key <= walk->last_key)
        fail(BAD_ORDER, node);
    walk->nodes++;
    walk->versions += node->version;
    walk->last_key = node->key;
    walk_from(node->right, walk);
}

void tree_check(void)
{
    struct walk walk = {0};

    walk_from(S->tree_root, &walk);
    if (walk.nodes != S->tree_count || walk.versions != S->tree_writes)
        fail(BAD_TREE, node_at(1));
}
