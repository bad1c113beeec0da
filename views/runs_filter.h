// Filters of the Runs view: `acc>0.9 & batch=512`, `state=done & (model=mlp | data~cancer)`, `!note~old`.
// A comparison is a field (views/runs_fields.h), one of = != < <= > >= ~ (contains) and a value; 90% is 0.9.
// & binds stronger than |. What a run does not have (no accuracy in a regression) compares false.
// Plain values, nothing is owned; any thread.
#ifndef VIEWS_RUNS_FILTER_H
#define VIEWS_RUNS_FILTER_H

#include "views/runs_fields.h"

#define RUNS_FILTER_NODES 32

enum runs_filter_kind { RUNS_COMPARE, RUNS_AND, RUNS_OR, RUNS_NOT };
enum runs_relation { RUNS_EQUAL, RUNS_UNEQUAL, RUNS_LESS, RUNS_AT_MOST, RUNS_MORE, RUNS_AT_LEAST, RUNS_CONTAINS };

struct runs_filter_node {
    enum runs_filter_kind kind;
    int left, right; // of AND and OR; NOT has only left
    struct runs_field field;
    enum runs_relation relation;
    double number;
    char text[64];
};

struct runs_filter { // count 0: everything matches
    struct runs_filter_node nodes[RUNS_FILTER_NODES];
    int count, root;
};

// A text of blanks is the empty filter. On failure `filter` is unchanged and the sentence says where.
enum status runs_filter_parse(struct runs_filter *filter, const char *text, struct error *error);
bool runs_filter_match(const struct runs_filter *filter, const struct run_record *run);

#endif
