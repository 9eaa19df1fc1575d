/* Reads RIBCL answers; the contract is in ribcl.h.
 *
 * libxml2 reads each document without entities, document types or network. What it finds is copied
 * into nodes of our own, within limits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ribcl.h"

#include <libxml/parser.h>
#include <pthread.h>
#include <string.h>

#define DOCUMENT_START "<?xml"

enum { WORDS_MAX = 400 }; /* of the iLO's words in an error */

/* What a status or its text means. The first row that fits counts; the last one fits always.
 * `status` -1: any. `words` NULL: any. */
static const struct {
    int64_t status;
    const char *words;
    SteelErrorCode code;
} meanings[] = {
    {0x005f, NULL,                         STEEL_ERROR_BMC_AUTH},
    {0x000a, NULL,                         STEEL_ERROR_BMC_AUTH},
    {-1,     "login failed",               STEEL_ERROR_BMC_AUTH},
    {-1,     "login credentials rejected", STEEL_ERROR_BMC_AUTH},
    {-1,     "user login name was not",    STEEL_ERROR_BMC_AUTH},
    {0x003c, NULL,                         STEEL_ERROR_UNSUPPORTED},
    {-1,     "feature not supported",      STEEL_ERROR_UNSUPPORTED},
    {-1,     "syntax error",               STEEL_ERROR_UNSUPPORTED},
    {-1,     NULL,                         STEEL_ERROR_BMC_REFUSED},
};

/* One answer being read. */
typedef struct Reading {
    const char *password; /* borrowed; NULL: none */
    unsigned elements;
    RibclAnswer answer;
} Reading;

static bool
broken(GError **error, const char *what)
{
    return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the iLO's RIBCL answer %s", what);
}

static void
node_free(void *pointer)
{
    RibclNode *node = pointer;
    if (node == NULL)
        return;
    if (node->children != NULL)
        g_ptr_array_unref(node->children);
    g_strfreev(node->attributes);
    g_free(node->name);
    g_free(node);
}

void
ribcl_answer_clear(RibclAnswer *answer)
{
    if (answer == NULL)
        return;
    node_free(answer->data);
    g_free(answer->message);
    *answer = (RibclAnswer){0};
}

const RibclNode *
ribcl_child(const RibclNode *node, const char *name)
{
    for (guint i = 0; node != NULL && node->children != NULL && i < node->children->len; i++) {
        const RibclNode *child = node->children->pdata[i];
        if (g_ascii_strcasecmp(child->name, name) == 0)
            return child;
    }
    return NULL;
}

const char *
ribcl_attribute(const RibclNode *node, const char *name)
{
    if (node == NULL)
        return NULL;
    for (char **pair = node->attributes; *pair != NULL; pair += 2)
        if (g_ascii_strcasecmp(pair[0], name) == 0)
            return pair[1];
    return NULL;
}

const char *
ribcl_value(const RibclNode *node, const char *child)
{
    return ribcl_attribute(ribcl_child(node, child), "VALUE");
}

static char *
attribute_of(const xmlNode *element, const xmlAttr *attribute)
{
    xmlChar *value = xmlNodeListGetString(element->doc, attribute->children, 1);
    char *copy = g_strdup(value != NULL ? (const char *)value : "");
    xmlFree(value);
    return copy;
}

static char **
attributes_of(const xmlNode *element)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    for (const xmlAttr *attribute = element->properties; attribute != NULL;
         attribute = attribute->next) {
        g_ptr_array_add(pairs, g_strdup((const char *)attribute->name));
        g_ptr_array_add(pairs, attribute_of(element, attribute));
    }
    g_ptr_array_add(pairs, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&pairs), FALSE);
}

static RibclNode *
copy_element(Reading *reading, const xmlNode *element, unsigned depth, GError **error)
{
    if (depth > RIBCL_DEPTH_MAX || ++reading->elements > RIBCL_ELEMENTS_MAX) {
        broken(error, "has more elements, or deeper ones, than any iLO sends");
        return NULL;
    }
    RibclNode *node = g_new0(RibclNode, 1);
    node->name = g_strdup((const char *)element->name);
    node->attributes = attributes_of(element);
    for (const xmlNode *child = element->children; child != NULL; child = child->next) {
        if (child->type != XML_ELEMENT_NODE)
            continue;
        RibclNode *copy = copy_element(reading, child, depth + 1, error);
        if (copy == NULL) {
            node_free(node);
            return NULL;
        }
        if (node->children == NULL)
            node->children = g_ptr_array_new_with_free_func(node_free);
        g_ptr_array_add(node->children, copy);
    }
    return node;
}

static void
replace(GString *words, const char *secret)
{
    if (*secret != '\0')
        g_string_replace(words, secret, "******", 0);
}

/* The iLO's words, fit to be shown: no password, one line, not too long. */
static char *
shown_words(const Reading *reading, const char *message)
{
    g_autoptr(GString) words = g_string_new(message);
    if (reading->password != NULL) {
        g_autofree char *escaped = g_markup_escape_text(reading->password, -1);
        replace(words, escaped);
        replace(words, reading->password);
    }
    for (char *c = words->str; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    if (words->len > WORDS_MAX) {
        g_string_truncate(words, WORDS_MAX);
        g_string_append(words, "...");
    }
    return g_utf8_make_valid(g_strstrip(words->str), -1);
}

static bool
contains(const char *text, const char *words)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    return strstr(lower, words) != NULL;
}

static SteelErrorCode
meaning_of(int64_t status, const char *message)
{
    for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++)
        if ((meanings[i].status < 0 || meanings[i].status == status) &&
            (meanings[i].words == NULL || contains(message, meanings[i].words)))
            return meanings[i].code;
    return STEEL_ERROR_BMC_REFUSED;
}

static bool
read_status(const RibclNode *response, int64_t *status)
{
    const char *text = ribcl_attribute(response, "STATUS");
    char *end = NULL;
    if (text == NULL || *text == '\0')
        return false;
    *status = g_ascii_strtoll(text, &end, 16);
    return *end == '\0' && *status >= 0;
}

static bool
take_response(Reading *reading, const RibclNode *response, GError **error)
{
    int64_t status = 0;
    if (!read_status(response, &status))
        return broken(error, "has a RESPONSE whose STATUS is no number");
    const char *given = ribcl_attribute(response, "MESSAGE");
    g_autofree char *words = shown_words(reading, given != NULL ? given : "");
    if (status != 0)
        return steel_fail(error, meaning_of(status, words), "the iLO answers \"%s\" (0x%04llX)",
                          words, (long long)status);
    if (*words == '\0' || g_ascii_strcasecmp(words, "No error") == 0)
        return true;
    g_free(reading->answer.message);
    reading->answer.message = g_steal_pointer(&words);
    return true;
}

/* The children of <RIBCL>: a RESPONSE, then data or nothing. */
static bool
take_document(Reading *reading, RibclNode *root, GError **error)
{
    if (g_ascii_strcasecmp(root->name, "RIBCL") != 0)
        return broken(error, "has a document that is no RIBCL");
    if (ribcl_child(root, "RESPONSE") == NULL)
        return broken(error, "has a document without RESPONSE");
    for (guint i = 0; i < root->children->len; i++) {
        RibclNode *child = root->children->pdata[i];
        if (g_ascii_strcasecmp(child->name, "RESPONSE") == 0) {
            if (!take_response(reading, child, error))
                return false;
            continue;
        }
        node_free(reading->answer.data);
        reading->answer.data = child;
        root->children->pdata[i] = NULL;
    }
    return true;
}

/* Called at <!DOCTYPE, before anything that it declares. */
static void
ribcl_refuse_document_type(void *context, const xmlChar *name, const xmlChar *id,
                           const xmlChar *system)
{
    (void)name;
    (void)id;
    (void)system;
    xmlStopParser(context);
}

static void
ribcl_start_libxml2(void)
{
    xmlInitParser();
}

static xmlDoc *
parse(const char *text, size_t size, GError **error)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    pthread_once(&started, ribcl_start_libxml2);
    const char *encoding = g_utf8_validate(text, (gssize)size, NULL) ? "UTF-8" : "ISO-8859-1";
    xmlParserCtxt *context = xmlNewParserCtxt();
    context->sax->internalSubset = ribcl_refuse_document_type;
    xmlDoc *document = xmlCtxtReadMemory(context, text, (int)size, NULL, encoding,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    bool whole = document != NULL && xmlDocGetRootElement(document) != NULL;
    xmlFreeParserCtxt(context);
    if (whole)
        return document;
    xmlFreeDoc(document);
    broken(error, "is cut off or no XML that an iLO sends");
    return NULL;
}

static bool
read_document(Reading *reading, const char *text, size_t size, GError **error)
{
    xmlDoc *document = parse(text, size, error);
    if (document == NULL)
        return false;
    RibclNode *root = copy_element(reading, xmlDocGetRootElement(document), 1, error);
    xmlFreeDoc(document);
    bool good = root != NULL && take_document(reading, root, error);
    node_free(root);
    return good;
}

static const char *
find_start(const char *text, const char *end)
{
    return memmem(text, (size_t)(end - text), DOCUMENT_START, strlen(DOCUMENT_START));
}

static bool
read_documents(Reading *reading, const char *body, size_t size, GError **error)
{
    const char *end = body + size, *start = find_start(body, end);
    if (start == NULL)
        return broken(error, "has no XML document");
    for (unsigned count = 0; start != NULL; count++) {
        const char *next = find_start(start + 1, end);
        size_t length = (size_t)((next != NULL ? next : end) - start);
        if (count == RIBCL_DOCUMENTS_MAX)
            return broken(error, "has more documents than any iLO sends");
        if (!read_document(reading, start, length, error))
            return false;
        start = next;
    }
    return true;
}

bool
ribcl_answer_read(const char *body, size_t size, const char *password, RibclAnswer *answer,
                  GError **error)
{
    if (size > RIBCL_ANSWER_MAX)
        return broken(error, "is longer than 4 MiB");
    Reading reading = {.password = password};
    if (read_documents(&reading, body, size, error)) {
        *answer = reading.answer;
        return true;
    }
    ribcl_answer_clear(&reading.answer);
    return false;
}
