/* Decompressors: gzip, xz, zstd. Each reads concatenated streams and passes its output on in parts;
 * memory is bounded. The contract is in stage.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/stage.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

enum { OUTPUT = 256 * 1024, XZ_MEMORY = 128 * 1024 * 1024, ZSTD_WINDOW_LOG = 27 };

typedef struct Unpack {
    Stage stage;
    Stage *next; /* borrowed */
    bool ended;  /* at the end of a stream */
    bool again;  /* finished: further input is another pass */
    union {
        z_stream gzip;
        lzma_stream xz;
        ZSTD_DStream *zstd;
    } u;
    uint8_t output[OUTPUT];
} Unpack;

static Unpack *
unpack_new(Stage *next)
{
    Unpack *unpack = g_new0(Unpack, 1);
    unpack->next = next;
    return unpack;
}

static bool
broken(const char *format, const char *why, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID, "the %s stream is damaged: %s", format, why);
}

static bool
cut_off(const Unpack *unpack, const char *format, GError **error)
{
    return unpack->ended || broken(format, "it ends too early", error);
}

static bool
unpack_wants_again(const Stage *stage)
{
    const Unpack *unpack = (const Unpack *)stage;
    return unpack->next->wants_again != NULL && unpack->next->wants_again(unpack->next);
}

static bool
pass_on(Unpack *unpack, size_t size, GError **error)
{
    return size == 0 || unpack->next->push(unpack->next, unpack->output, size, error);
}

/* ---- gzip ---- */

static bool
gzip_push(Stage *stage, const uint8_t *data, size_t size, GError **error)
{
    Unpack *unpack = (Unpack *)stage;
    z_stream *z = &unpack->u.gzip;
    z->next_in = (uint8_t *)(uintptr_t)data;
    z->avail_in = (uInt)size;
    do {
        if (unpack->ended && z->avail_in > 0 && inflateReset(z) != Z_OK)
            return broken("gzip", "it cannot be read on", error);
        z->next_out = unpack->output;
        z->avail_out = OUTPUT;
        int code = inflate(z, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return broken("gzip", z->msg != NULL ? z->msg : "no reason given", error);
        unpack->ended = code == Z_STREAM_END;
        if (!pass_on(unpack, OUTPUT - z->avail_out, error))
            return false;
    } while (z->avail_in > 0 || z->avail_out == 0);
    return true;
}

static bool
gzip_finish(Stage *stage, GError **error)
{
    Unpack *unpack = (Unpack *)stage;
    return cut_off(unpack, "gzip", error) && unpack->next->finish(unpack->next, error);
}

static void
gzip_free(Stage *stage)
{
    inflateEnd(&((Unpack *)stage)->u.gzip);
    g_free(stage);
}

Stage *
stage_gzip(Stage *next)
{
    Unpack *unpack = unpack_new(next);
    unpack->stage = (Stage){gzip_push, gzip_finish, unpack_wants_again, gzip_free};
    if (inflateInit2(&unpack->u.gzip, 15 + 16) != Z_OK)
        g_error("zlib has no memory");
    return &unpack->stage;
}

/* ---- xz ---- */

static const char *
xz_fault(lzma_ret code)
{
    if (code == LZMA_MEMLIMIT_ERROR)
        return "it needs more than 128 MiB to unpack; pack it with xz -6 or less";
    return code == LZMA_OPTIONS_ERROR ? "it uses filters that are not known" : "its data are wrong";
}

static bool
xz_run(Unpack *unpack, lzma_action action, GError **error)
{
    lzma_stream *xz = &unpack->u.xz;
    do {
        xz->next_out = unpack->output;
        xz->avail_out = OUTPUT;
        lzma_ret code = lzma_code(xz, action);
        if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
            return broken("xz", xz_fault(code), error);
        unpack->ended = code == LZMA_STREAM_END;
        if (!pass_on(unpack, OUTPUT - xz->avail_out, error))
            return false;
    } while (!unpack->ended && (xz->avail_in > 0 || xz->avail_out == 0));
    return true;
}

static void
xz_begin(Unpack *unpack)
{
    if (lzma_stream_decoder(&unpack->u.xz, XZ_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
        g_error("liblzma has no memory");
    unpack->again = unpack->ended = false;
}

static bool
xz_push(Stage *stage, const uint8_t *data, size_t size, GError **error)
{
    Unpack *unpack = (Unpack *)stage;
    if (unpack->again)
        xz_begin(unpack);
    unpack->u.xz.next_in = data;
    unpack->u.xz.avail_in = size;
    return xz_run(unpack, LZMA_RUN, error);
}

static bool
xz_finish(Stage *stage, GError **error)
{
    Unpack *unpack = (Unpack *)stage;
    unpack->again = true;
    return xz_run(unpack, LZMA_FINISH, error) && cut_off(unpack, "xz", error) &&
           unpack->next->finish(unpack->next, error);
}

static void
xz_free(Stage *stage)
{
    lzma_end(&((Unpack *)stage)->u.xz);
    g_free(stage);
}

Stage *
stage_xz(Stage *next)
{
    Unpack *unpack = unpack_new(next);
    unpack->stage = (Stage){xz_push, xz_finish, unpack_wants_again, xz_free};
    unpack->u.xz = (lzma_stream)LZMA_STREAM_INIT;
    xz_begin(unpack);
    return &unpack->stage;
}

/* ---- zstd ---- */

static bool
zstd_push(Stage *stage, const uint8_t *data, size_t size, GError **error)
{
    Unpack *unpack = (Unpack *)stage;
    ZSTD_inBuffer input = {data, size, 0};
    ZSTD_outBuffer output;
    do {
        output = (ZSTD_outBuffer){unpack->output, OUTPUT, 0};
        size_t code = ZSTD_decompressStream(unpack->u.zstd, &output, &input);
        if (ZSTD_isError(code))
            return broken("zstd", ZSTD_getErrorName(code), error);
        unpack->ended = code == 0;
        if (!pass_on(unpack, output.pos, error))
            return false;
    } while (input.pos < size || (output.pos == OUTPUT && !unpack->ended));
    return true;
}

static bool
zstd_finish(Stage *stage, GError **error)
{
    Unpack *unpack = (Unpack *)stage;
    return cut_off(unpack, "zstd", error) && unpack->next->finish(unpack->next, error);
}

static void
zstd_free(Stage *stage)
{
    ZSTD_freeDStream(((Unpack *)stage)->u.zstd);
    g_free(stage);
}

Stage *
stage_zstd(Stage *next)
{
    Unpack *unpack = unpack_new(next);
    unpack->stage = (Stage){zstd_push, zstd_finish, unpack_wants_again, zstd_free};
    unpack->u.zstd = ZSTD_createDStream();
    if (unpack->u.zstd == NULL)
        g_error("zstd has no memory");
    ZSTD_DCtx_setParameter(unpack->u.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
    return &unpack->stage;
}
