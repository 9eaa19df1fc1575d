/* Words of a kernel's command line, checked so that they can stand in a boot script. Pure; any
 * thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resources.h"

/* The kernel takes 2048 bytes; ours are not all of them. */
#define KERNEL_WORDS_LIMIT 1900

/* What is said of words that cannot stand there. */
#define KERNEL_WORDS_PROBLEM                                                                       \
    "the kernel's parameters (kernel_append_params of instance_info, driver_info or [pxe]) are "   \
    "too long or have words that cannot stand in a boot script"

/* The words that the operator adds: kernel_append_params of instance_info, else of driver_info, in
 * which "%default%" stands for [pxe]kernel_append_params; else these. The caller frees. */
char *kernel_words_of(const Node *node);

/* The same with another text in place of [pxe]kernel_append_params. standard: NULL: none */
char *kernel_words_with(const Node *node, const char *standard);

/* Adds the words of a text to a line. False when one cannot stand in a script. */
bool kernel_words_add(GString *line, const char *text);

/* The words of a text as an object, {name: value}, in their order. The value of a word without "="
 * is empty; of two with one name the last one counts. A new reference. */
json_t *kernel_words_parameters(const char *text);

/* Adds "name=value" for each member of an object; a value that is no text counts as empty. Values
 * may be secrets: copies are wiped. False when a word has white space, or cannot stand in a script;
 * words before it are in the line then. */
bool kernel_words_add_parameters(GString *line, const json_t *parameters);

/* "BOOTIF=01-52-54-00-12-34-56": the card that a machine booted from. The caller frees. */
char *kernel_words_card(const char *mac);

/* True when a word of the text begins so. */
bool kernel_words_have(const char *text, const char *beginning);
