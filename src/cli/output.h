/* What a command prints: a list of rows or the fields of one thing, in the formats of `baremetal`
 * (cliff): table, json, yaml, value, csv (lists) and shell (one thing).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* Column names and rows of values. One shown item is a listing of one row with `single` set. */
typedef struct Listing {
    bool single;
    GPtrArray *columns; /* of char *, owned */
    json_t *rows;       /* array of arrays, each as long as columns; owned */
} Listing;

Listing *listing_new(bool single);
void listing_free(Listing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listing, listing_free)

/* The fields of an object in order of their names, as a single listing. */
Listing *listing_from_object(json_t *object);

/* Sorts rows by one column; nulls last (first when descending), equal rows keep their order. */
void listing_sort(Listing *listing, guint column, bool descending);

/* Python's order of two values; values of different types are ordered by type, nulls last. */
int json_compare(const json_t *left, const json_t *right);

typedef enum OutputFormat {
    OUTPUT_TABLE,
    OUTPUT_JSON,
    OUTPUT_YAML,
    OUTPUT_VALUE,
    OUTPUT_CSV,
    OUTPUT_SHELL,
} OutputFormat;

typedef enum CsvQuote {
    CSV_QUOTE_NONNUMERIC,
    CSV_QUOTE_ALL,
    CSV_QUOTE_MINIMAL,
    CSV_QUOTE_NONE,
} CsvQuote;

/* How to print; all zero is a table of all columns. Pointers are borrowed. */
typedef struct OutputOptions {
    OutputFormat format;
    const GPtrArray *columns; /* -c: columns to print; NULL or empty: all */
    /* --sort-column, the first has priority; unknown ones are ignored */
    const GPtrArray *sort_columns;
    bool sort_descending;
    bool noindent;    /* json */
    bool print_empty; /* table: borders also without rows */
    bool fit_width;   /* table: not wider than terminal_width */
    int maximum_width;
    int terminal_width; /* 0: not a terminal */
    CsvQuote quote;
    const char *prefix; /* shell; NULL: none */
} OutputOptions;

/* Appends the listing in the given format; sorts the listing and drops columns as the options say.
 * Errors: INVALID if none of the given columns exists. Any thread. */
bool output_render(Listing *listing, const OutputOptions *options, GString *out,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
