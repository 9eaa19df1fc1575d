/* Signatures of images in Glance, as Nova and Glance verify them: the properties img_signature
 * (base64), img_signature_hash_method, img_signature_key_type and img_signature_certificate_uuid,
 * the ID of the signer's certificate in Barbican.
 * https://docs.openstack.org/glance/latest/user/signature.html
 *
 * A check is used by one thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "openstack/glance.h"

/* Whose signatures count. All borrowed. */
typedef struct SignatureTrust {
    /* IDs of certificates in Barbican, NULL-ended: authorities, or those of signers */
    const char *const *certificates;
    bool anybody; /* any user who may store a certificate in Barbican */
} SignatureTrust;

typedef struct SignatureCheck SignatureCheck;

/* Fetches the certificates and begins with no data. Blocks on Barbican: from workers. Free the
 * check.
 *
 * openstack  borrowed for the call; NULL: there is none
 * Errors  INVALID: the image has no signature, or one of an unknown kind; nobody vouches for its
 *         certificate; CONFIG: no certificate is trusted; those of openstack_ask */
SignatureCheck *signature_check_new(const Openstack *openstack, const GlanceImage *image,
                                    const SignatureTrust *trust,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
void signature_check_free(SignatureCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignatureCheck, signature_check_free)

/* Forgets the data, to have them once more. */
void signature_check_restart(SignatureCheck *check);
void signature_check_add(SignatureCheck *check, const void *data, size_t size);

/* True if the signature is that of the data. Once after the last data. Errors: INVALID */
bool signature_check_end(SignatureCheck *check, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a check depends on besides the data, as a text; the caller frees. Pure. */
char *signature_text(const GlanceImage *image, const SignatureTrust *trust);

/* ---- for tests: what comes from outside ---- */

/* A certificate as Barbican has it: PEM, or DER. NULL: it is none. The caller frees with X509_free.
 * Pure. */
struct x509_st *signature_certificate_read(const void *data, size_t size);
