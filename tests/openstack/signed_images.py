#!/usr/bin/env python3
"""The daemon deploys signed images of the Glance that STEEL_CLOUD_AUTH_URL leads to, with certificates in Barbican.

SPDX-License-Identifier: Apache-2.0
"""
import json
import shutil
import sys
import tempfile

import deploy_images
import signer
import told
from deploy_images import IMAGE


class Signed(deploy_images.DirectSuite):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="steel-signed-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.cloud = deploy_images.Cloud()
        cls.ca, cls.stranger = signer.Signer(folder, "ca"), signer.Signer(folder, "stranger")
        cls.signers = {kind: signer.Signer(folder, kind, kind, cls.ca) for kind in ("RSA-PSS", "ECC_SECP384R1", "DSA")}
        cls.other = signer.Signer(folder, "other", issuer=cls.stranger)
        cls.own_options = deploy_images.Suite.own_options + ("glance.verify_glance_signatures=true",
                                                             "glance.default_trusted_certificate_ids=" + cls.store(cls.ca))
        super().setUpClass()

    @classmethod
    def store(cls, who):
        """Its certificate as a secret, as users store it; the ID."""
        address = cls.cloud.endpoint("key-manager") + "/v1/secrets"
        body = {"name": "a signer", "secret_type": "certificate", "payload": who.pem().decode(), "payload_content_type": "text/plain"}
        return cls.cloud.ask("POST", address, json.dumps(body).encode())[1]["secret_ref"].rsplit("/", 1)[1]

    def image(self, who, method="SHA-256", signed=IMAGE):
        """An image with a signature, its ID. Glance verifies none that comes after the data."""
        image = self.cloud.image(IMAGE)
        changes = [{"op": "add", "path": "/" + name, "value": value}
                   for name, value in who.properties(signed, method, self.store(who)).items()]
        self.cloud.ask("PATCH", "%s/%s" % (self.cloud.images, image), json.dumps(changes).encode(),
                       "application/openstack-images-v2.1-json-patch")
        return image

    def test_what_is_signed_is_deployed(self):
        for kind, method in (("RSA-PSS", "SHA-256"), ("ECC_SECP384R1", "SHA-384"), ("DSA", "SHA-224")):
            with self.subTest(kind):
                data, url = self.deploys(self.image(self.signers[kind], method))
                self.assertEqual(data, IMAGE)
                self.assertIn("/agent_images/", url)
                self.undeploy()

    def test_what_is_not_or_by_a_stranger_or_of_something_else_is_refused(self):
        for image, words in ((self.cloud.image(IMAGE), "is not signed"),
                             (self.image(self.other), "is not vouched for"),
                             (self.image(self.signers["RSA-PSS"], signed=b"something else"), "is not that of its data")):
            with self.subTest(words):
                self.info(image_source=image)
                self.ask(self.uuid, "active")
                self.assertIn(words, self.rest(self.uuid, "deploy failed")["last_error"])
                self.undeploy()


if __name__ == "__main__":
    sys.exit(told.run(sys.modules[__name__]))
