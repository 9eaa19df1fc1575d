/* BOOTX64.CSV and its kin: how a system in the EFI system partition wants to be started, as shim's
 * fallback reads it: "loader,label,options,comment" in UTF-16. SPDX-License-Identifier:
 * Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT_CSV_LIMIT 4096u

/* The loader and the label of its first line; owned by the caller. False: it has none that can be
 * used: the loader must be a plain name of a file beside it. Pure. */
bool boot_csv_parse(const uint8_t *bytes, size_t size, char **loader, char **label);
