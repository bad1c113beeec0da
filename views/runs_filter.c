#include "views/runs_filter.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"

struct parser {
    struct runs_filter filter;
    const char *text, *at;
    int depth;
    struct error *error;
};

#define DEPTH_MOST 16

static void skip_blanks(struct parser *parser) {
    while (isspace((unsigned char)*parser->at))
        parser->at++;
}

static bool accept(struct parser *parser, const char *sign) {
    skip_blanks(parser);
    if (!text_starts(parser->at, sign))
        return false;
    parser->at += strlen(sign);
    return true;
}

static int fail(struct parser *parser, const char *what) {
    skip_blanks(parser);
    if (*parser->at)
        error_set(parser->error, STATUS_INVALID, "Filter, character %d: %s, not \"%.20s\".",
                  (int)(parser->at - parser->text) + 1, what, parser->at);
    else
        error_set(parser->error, STATUS_INVALID, "The filter ends too early: %s.", what);
    return -1;
}

static int add_node(struct parser *parser, struct runs_filter_node node) {
    if (parser->filter.count == RUNS_FILTER_NODES) {
        error_set(parser->error, STATUS_INVALID, "The filter is too long: at most %d comparisons and signs.",
                  RUNS_FILTER_NODES);
        return -1;
    }
    parser->filter.nodes[parser->filter.count] = node;
    return parser->filter.count++;
}

// ---- one comparison ---------------------------------------------------------------------------------------

static bool is_name(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool read_name(struct parser *parser, char out[64]) {
    skip_blanks(parser);
    size_t length = 0;
    while (is_name(parser->at[length]) && length < 63)
        length++;
    snprintf(out, 64, "%.*s", (int)length, parser->at);
    parser->at += length;
    return length > 0;
}

static bool read_relation(struct parser *parser, enum runs_relation *out) {
    static const struct {
        const char *sign;
        enum runs_relation relation;
    } signs[] = {{"!=", RUNS_UNEQUAL}, {"<=", RUNS_AT_MOST}, {">=", RUNS_AT_LEAST}, {"==", RUNS_EQUAL},
                 {"=", RUNS_EQUAL},    {"<", RUNS_LESS},     {">", RUNS_MORE},      {"~", RUNS_CONTAINS}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (accept(parser, signs[i].sign)) {
            *out = signs[i].relation;
            return true;
        }
    }
    return false;
}

// A word up to a blank or a sign, or anything between double quotes.
static bool read_value(struct parser *parser, char out[64]) {
    skip_blanks(parser);
    bool quoted = *parser->at == '"';
    const char *from = parser->at + quoted;
    size_t length = quoted ? strcspn(from, "\"") : strcspn(from, " \t&|()");
    if ((quoted && from[length] != '"') || (!quoted && length == 0) || length > 63)
        return false;
    snprintf(out, 64, "%.*s", (int)length, from);
    parser->at = from + length + quoted;
    return true;
}

static bool read_number(const char *text, double *out) {
    char plain[64];
    size_t length = strlen(text);
    bool percent = length > 0 && text[length - 1] == '%';
    snprintf(plain, sizeof plain, "%.*s", (int)(length - percent), text);
    if (!number_parse(plain, out))
        return false;
    *out = percent ? *out / 100 : *out;
    return true;
}

static int parse_comparison(struct parser *parser) {
    struct runs_filter_node node = {.kind = RUNS_COMPARE};
    char name[64];
    if (!read_name(parser, name))
        return fail(parser, "expected the name of a column, such as acc or batch");
    if (runs_field_find(name, &node.field, parser->error))
        return -1;
    if (!read_relation(parser, &node.relation))
        return fail(parser, "expected = != < <= > >= or ~ after the name");
    const char *value = parser->at;
    if (!read_value(parser, node.text))
        return fail(parser, "expected a value of at most 63 characters");
    bool number = read_number(node.text, &node.number);
    if (!node.field.words && node.relation != RUNS_CONTAINS && !number) {
        parser->at = value;
        return fail(parser, "expected a number");
    }
    return add_node(parser, node);
}

// ---- & | ! and parentheses --------------------------------------------------------------------------------

static int parse_any(struct parser *parser);

static int parse_one(struct parser *parser) {
    if (++parser->depth > DEPTH_MOST)
        return fail(parser, "too many parentheses and ! within one another");
    int node;
    if (accept(parser, "!")) {
        int inner = parse_one(parser);
        node = inner < 0 ? -1 : add_node(parser, (struct runs_filter_node){.kind = RUNS_NOT, .left = inner});
    } else if (accept(parser, "(")) {
        node = parse_any(parser);
        if (node >= 0 && !accept(parser, ")"))
            node = fail(parser, "expected )");
    } else {
        node = parse_comparison(parser);
    }
    parser->depth--;
    return node;
}

static int parse_chain(struct parser *parser, enum runs_filter_kind kind, const char *sign,
                       int (*part)(struct parser *parser)) {
    int left = part(parser);
    while (left >= 0 && accept(parser, sign)) {
        accept(parser, sign); // && and || mean the same
        int right = part(parser);
        if (right < 0)
            return -1;
        left = add_node(parser, (struct runs_filter_node){.kind = kind, .left = left, .right = right});
    }
    return left;
}

static int parse_all(struct parser *parser) {
    return parse_chain(parser, RUNS_AND, "&", parse_one);
}

static int parse_any(struct parser *parser) {
    return parse_chain(parser, RUNS_OR, "|", parse_all);
}

enum status runs_filter_parse(struct runs_filter *filter, const char *text, struct error *error) {
    struct parser parser = {.text = text, .at = text, .error = error};
    skip_blanks(&parser);
    if (*parser.at) {
        parser.filter.root = parse_any(&parser);
        skip_blanks(&parser);
        if (parser.filter.root >= 0 && *parser.at)
            parser.filter.root = fail(&parser, "expected & or |");
    }
    if (parser.filter.root < 0)
        return STATUS_INVALID;
    *filter = parser.filter;
    return STATUS_OK;
}

// ---- matching ---------------------------------------------------------------------------------------------

static bool compares(enum runs_relation relation, int order) {
    switch (relation) {
    case RUNS_EQUAL:
        return order == 0;
    case RUNS_UNEQUAL:
        return order != 0;
    case RUNS_LESS:
        return order < 0;
    case RUNS_AT_MOST:
        return order <= 0;
    case RUNS_MORE:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool match_comparison(const struct runs_filter_node *node, const struct run_record *run) {
    char text[RUNS_TEXT_SIZE];
    if (node->relation == RUNS_CONTAINS)
        return runs_contains(runs_field_text(&node->field, run, text), node->text);
    if (node->field.words)
        return compares(node->relation, strcmp(runs_field_text(&node->field, run, text), node->text));
    double value = runs_field_number(&node->field, run);
    return !isnan(value) && compares(node->relation, (value > node->number) - (value < node->number));
}

static bool match(const struct runs_filter *filter, int index, const struct run_record *run) {
    const struct runs_filter_node *node = &filter->nodes[index];
    switch (node->kind) {
    case RUNS_AND:
        return match(filter, node->left, run) && match(filter, node->right, run);
    case RUNS_OR:
        return match(filter, node->left, run) || match(filter, node->right, run);
    case RUNS_NOT:
        return !match(filter, node->left, run);
    default:
        return match_comparison(node, run);
    }
}

bool runs_filter_match(const struct runs_filter *filter, const struct run_record *run) {
    return filter->count == 0 || match(filter, filter->root, run);
}
