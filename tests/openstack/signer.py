"""Signs images as their owners do, with openssl: keys, certificates, and the properties that Glance has of a signed image.

    ca = signer.Signer(folder, "ca")
    signer.Signer(folder, "rsa", issuer=ca).properties(data, "SHA-256", certificate_id)

SPDX-License-Identifier: Apache-2.0
"""
import base64
import os
import subprocess

KEYS = {  # kind -> how openssl makes such a key, how it signs
    "RSA-PSS": (("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"), ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-2")),
    "ECC_SECP384R1": (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp384r1"), ()),
    "ECC_SECP521R1": (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp521r1"), ()),
    "ECC_SECT571K1": (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:sect571k1"), ()),
    "DSA": (None, ()),
}


def openssl(*words, data=None):
    return subprocess.run(("openssl",) + words, input=data, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120).stdout


class Signer:
    def __init__(self, folder, name, kind="RSA-PSS", issuer=None, usage="digitalSignature"):
        """issuer: who signs the certificate, None: it is an authority that signs its own."""
        self.kind, self.key = kind, os.path.join(folder, name + ".key")
        self.certificate = os.path.join(folder, name + ".pem")
        self.make_key(folder)
        request = self.certificate + ".request"
        openssl("req", "-new", "-key", self.key, "-subj", "/CN=" + name, "-out", request)
        extensions = self.certificate + ".extensions"
        with open(extensions, "w", encoding="utf-8") as file:
            file.write("basicConstraints=critical,CA:%s\nkeyUsage=%s\n" % (("FALSE", usage) if issuer else ("TRUE,pathlen:1", "keyCertSign")))
        by = ("-CA", issuer.certificate, "-CAkey", issuer.key, "-CAcreateserial") if issuer else ("-signkey", self.key)
        openssl("x509", "-req", "-in", request, *by, "-days", "2", "-sha256", "-extfile", extensions, "-out", self.certificate)

    def make_key(self, folder):
        how = KEYS[self.kind][0]
        if how is None:
            how = ("-paramfile", os.path.join(folder, "dsa.parameters"))
            openssl("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:2048", "-out", how[1])
        openssl("genpkey", *how, "-out", self.key)

    def pem(self):
        with open(self.certificate, "rb") as file:
            return file.read()

    def der(self):
        return openssl("x509", "-in", self.certificate, "-outform", "DER")

    def properties(self, data, method, certificate_id, **changed):
        signature = openssl("dgst", "-" + method.replace("-", "").lower(), "-sign", self.key, *KEYS[self.kind][1], data=data)
        return {"img_signature": base64.b64encode(signature).decode(), "img_signature_hash_method": method,
                "img_signature_key_type": self.kind, "img_signature_certificate_uuid": certificate_id, **changed}
