/* The parser of check strings; the contract is in check.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/check_priv.h"

#include <string.h>

/* A chain becomes a tree as deep as the chain is long, so the number of words is limited too. */
enum { TEXT_LIMIT = 64 * 1024, TOKEN_LIMIT = 2000, DEPTH_LIMIT = 64 };

typedef enum TokenKind {
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_WORD
} TokenKind;

typedef struct Token {
    TokenKind kind;
    const char *text; /* borrowed from Parser.words */
} Token;

typedef struct Parser {
    GArray *tokens;   /* of Token */
    GPtrArray *words; /* texts of the tokens, owned */
    guint next;
    unsigned depth;
} Parser;

static Check *
check_new(CheckKind kind, Check *first, Check *second)
{
    Check *check = g_new0(Check, 1);
    check->kind = kind;
    check->first = first;
    check->second = second;
    return check;
}

void
check_free(Check *check)
{
    if (check == NULL)
        return;
    check_free(check->first);
    /* A chain grows to the left, so the right side is shallow and recursion is safe. */
    check_free(check->second);
    g_free(check->name);
    for (size_t i = 0; i < check->part_count; i++)
        g_free(check->parts[i].text);
    g_free(check->parts);
    g_free(check);
}

Check *
check_or(Check *first, Check *second)
{
    return check_new(CHECK_OR, first, second);
}

Check *
check_and(Check *first, Check *second)
{
    return check_new(CHECK_AND, first, second);
}

static void
add_token(Parser *parser, TokenKind kind, const char *text)
{
    const Token token = {kind, text};
    g_array_append_val(parser->tokens, token);
}

/* Splits a run of characters without white space: parentheses at its ends are tokens, those inside
 * (%(name)s) are not. */
static void
split_word(Parser *parser, const char *start, size_t length)
{
    while (length > 0 && *start == '(') {
        add_token(parser, TOKEN_OPEN, "(");
        start++;
        length--;
    }
    size_t closing = 0;
    while (length > closing && start[length - closing - 1] == ')')
        closing++;
    length -= closing;
    if (length > 0) {
        char *word = g_strndup(start, length);
        g_ptr_array_add(parser->words, word);
        TokenKind kind = g_ascii_strcasecmp(word, "and") == 0   ? TOKEN_AND
                         : g_ascii_strcasecmp(word, "or") == 0  ? TOKEN_OR
                         : g_ascii_strcasecmp(word, "not") == 0 ? TOKEN_NOT
                                                                : TOKEN_WORD;
        add_token(parser, kind, word);
    }
    for (; closing > 0; closing--)
        add_token(parser, TOKEN_CLOSE, ")");
}

static void
split(Parser *parser, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, " \t\r\n\v\f");
        if (length > 0)
            split_word(parser, text, length);
        text += length;
        text += strspn(text, " \t\r\n\v\f");
    }
}

static void
add_part(GArray *parts, const char *start, size_t length, bool is_name)
{
    if (length == 0 && !is_name)
        return;
    const CheckPart part = {g_strndup(start, length), is_name};
    g_array_append_val(parts, part);
}

static void
clear_part(void *part)
{
    g_free(((CheckPart *)part)->text);
}

/* Splits a value at its %(name)s; %% is a percent sign. */
static bool
parse_value(Check *check, const char *value, GError **error)
{
    g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(CheckPart));
    g_array_set_clear_func(parts, clear_part);
    for (const char *p = value; *p != '\0';) {
        size_t plain = strcspn(p, "%");
        add_part(parts, p, plain, false);
        p += plain;
        if (*p == '\0')
            break;
        if (p[1] == '%') {
            add_part(parts, "%", 1, false);
            p += 2;
            continue;
        }
        const char *end = p[1] == '(' ? strchr(p, ')') : NULL;
        if (end == NULL || end[1] != 's' || end == p + 2)
            return steel_fail(error, STEEL_ERROR_CONFIG,
                              "in \"%.200s\" a %% begins neither %%(name)s nor %%%%", value);
        add_part(parts, p + 2, (size_t)(end - p - 2), true);
        p = end + 2;
    }
    gsize count = 0;
    g_array_set_clear_func(parts, NULL);
    check->parts = g_array_steal(parts, &count);
    check->part_count = count;
    return true;
}

static bool
is_number(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && strspn(text, "0123456789.") == length && strcmp(text, ".") != 0;
}

/* The text of a literal left of the colon: a quoted text, a number, True, False or None. NULL for a
 * name. */
static char *
literal_of(const char *word)
{
    size_t length = strlen(word);
    if (length >= 2 && (word[0] == '\'' || word[0] == '"') && word[length - 1] == word[0])
        return g_strndup(word + 1, length - 2);
    if (is_number(word) || strcmp(word, "True") == 0 || strcmp(word, "False") == 0 ||
        strcmp(word, "None") == 0)
        return g_strdup(word);
    return NULL;
}

static bool
fill_word(Check *check, const char *word, GError **error)
{
    if (strcmp(word, "@") == 0 || strcmp(word, "!") == 0) {
        check->kind = *word == '@' ? CHECK_ALWAYS : CHECK_NEVER;
        return true;
    }
    const char *colon = strchr(word, ':');
    if (colon == NULL || colon == word)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "\"%.200s\" is none of @, !, and, or, not, name:value", word);
    g_autofree char *left = g_strndup(word, (gsize)(colon - word));
    const char *value = colon + 1;
    if (strcmp(left, "http") == 0 || strcmp(left, "https") == 0) {
        check->kind = CHECK_REMOTE;
        if (!g_str_has_prefix(value, "//") || strspn(value + 2, "/?#") > 0 || value[2] == '\0')
            return steel_fail(error, STEEL_ERROR_CONFIG, "\"%.200s\" names no server", word);
        return parse_value(check, word, error);
    }
    if (strcmp(left, "rule") == 0) {
        check->kind = CHECK_RULE;
        check->name = g_strdup(value);
        return true;
    }
    check->kind = CHECK_MATCH;
    if (strcmp(left, "role") == 0)
        check->kind = CHECK_ROLE;
    else if ((check->name = literal_of(left)) != NULL)
        check->kind = CHECK_LITERAL;
    else
        check->attribute = credential_attribute(left);
    return parse_value(check, value, error);
}

static Check *
parse_word(const char *word, GError **error)
{
    g_autoptr(Check) check = check_new(CHECK_NEVER, NULL, NULL);
    return fill_word(check, word, error) ? g_steal_pointer(&check) : NULL;
}

static const Token *
peek(const Parser *parser)
{
    return parser->next < parser->tokens->len ? &g_array_index(parser->tokens, Token, parser->next)
                                              : NULL;
}

static bool
take(Parser *parser, TokenKind kind)
{
    const Token *token = peek(parser);
    if (token == NULL || token->kind != kind)
        return false;
    parser->next++;
    return true;
}

static Check *
fail_expected(const Parser *parser, const char *expected, GError **error)
{
    const Token *token = peek(parser);
    if (token == NULL)
        steel_fail(error, STEEL_ERROR_CONFIG, "it ends where %s is expected", expected);
    else
        steel_fail(error, STEEL_ERROR_CONFIG, "%s is expected, not \"%.200s\"", expected,
                   token->text);
    return NULL;
}

static Check *parse_or(Parser *parser, GError **error);

static Check *
parse_group(Parser *parser, GError **error)
{
    g_autoptr(Check) check = parse_or(parser, error);
    if (check == NULL || take(parser, TOKEN_CLOSE))
        return g_steal_pointer(&check);
    return fail_expected(parser, "and, or or a closing parenthesis", error);
}

static Check *
parse_unary(Parser *parser, GError **error)
{
    Check *check = NULL;
    const Token *token = peek(parser);
    if (++parser->depth > DEPTH_LIMIT) {
        steel_fail(error, STEEL_ERROR_CONFIG, "it is nested deeper than %d", DEPTH_LIMIT);
    } else if (take(parser, TOKEN_NOT)) {
        Check *inner = parse_unary(parser, error);
        check = inner != NULL ? check_new(CHECK_NOT, inner, NULL) : NULL;
    } else if (take(parser, TOKEN_OPEN)) {
        check = parse_group(parser, error);
    } else if (take(parser, TOKEN_WORD)) {
        check = parse_word(token->text, error);
    } else {
        fail_expected(parser, "a check", error);
    }
    parser->depth--;
    return check;
}

/* A chain of one operator; `operand` parses its operands. */
static Check *
parse_chain(Parser *parser, TokenKind operator, CheckKind kind,
            Check *(*operand)(Parser *, GError **), GError **error)
{
    g_autoptr(Check) check = operand(parser, error);
    while (check != NULL && take(parser, operator)) {
        Check *next = operand(parser, error);
        if (next == NULL)
            return NULL;
        check = check_new(kind, check, next);
    }
    return g_steal_pointer(&check);
}

static Check *
parse_and(Parser *parser, GError **error)
{
    return parse_chain(parser, TOKEN_AND, CHECK_AND, parse_unary, error);
}

static Check *
parse_or(Parser *parser, GError **error)
{
    return parse_chain(parser, TOKEN_OR, CHECK_OR, parse_and, error);
}

Check *
check_parse(const char *text, GError **error)
{
    if (strlen(text) > TEXT_LIMIT) {
        steel_fail(error, STEEL_ERROR_CONFIG, "it is longer than %d characters", TEXT_LIMIT);
        return NULL;
    }
    g_autoptr(GArray) tokens = g_array_new(FALSE, FALSE, sizeof(Token));
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    Parser parser = {.tokens = tokens, .words = words};
    split(&parser, text);
    if (tokens->len == 0)
        return check_new(CHECK_ALWAYS, NULL, NULL);
    if (tokens->len > TOKEN_LIMIT) {
        steel_fail(error, STEEL_ERROR_CONFIG, "it has more than %d words", TOKEN_LIMIT);
        return NULL;
    }
    g_autoptr(Check) check = parse_or(&parser, error);
    if (check == NULL || parser.next == tokens->len)
        return g_steal_pointer(&check);
    return fail_expected(&parser, "and or or", error);
}
