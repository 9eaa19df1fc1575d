/* Volume properties become checked volumes and iPXE's URIs; hostile ones become sentences.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "netboot/iscsi_volume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define IQN "iqn.2010-10.com.example:vol-X"
#define PORTAL "\"target_portal\":\"192.0.2.5:3260\""
#define NAME "\"target_iqn\":\"" IQN "\""

static IscsiVolume *
read_text(const char *text, GError **error)
{
    json_auto_t *properties = json_text_parse(text, strlen(text), 0, NULL);
    assert_non_null(properties);
    return iscsi_volume_read(properties, error);
}

/* Properties and the URIs they give, separated by blanks. */
/* clang-format off */
static const struct {
    const char *properties, *uris;
} volumes[] = {
    {"{\"target_iqn\":\"" IQN "\",\"target_lun\":\"0\",\"target_portal\":\"192.168.0.123:3260\","
     "\"auth_method\":\"CHAP\",\"auth_username\":\"ABC\",\"auth_password\":\"XYZ\"}",              "iscsi:192.168.0.123::3260:0:" IQN                            },
    {"{" PORTAL "," NAME ",\"target_lun\":1}",                                                          "iscsi:192.0.2.5::3260:1:" IQN                                },
    {"{" PORTAL "," NAME "}",                                                                           "iscsi:192.0.2.5::3260:0:" IQN                                },
    {"{" PORTAL "," NAME ",\"target_lun\":\"26\"}",                                                     "iscsi:192.0.2.5::3260:1a:" IQN                               },
    {"{" PORTAL "," NAME ",\"target_lun\":255}",                                                        "iscsi:192.0.2.5::3260:ff:" IQN                               },
    {"{" PORTAL "," NAME ",\"target_lun\":256}",                                                        "iscsi:192.0.2.5::3260:4100:" IQN                             },
    {"{" PORTAL "," NAME ",\"target_lun\":\"16383\"}",                                                  "iscsi:192.0.2.5::3260:7fff:" IQN                             },
    {"{\"target_portal\":\"192.0.2.5\"," NAME "}",                                                      "iscsi:192.0.2.5::3260:0:" IQN                                },
    {"{\"target_portal\":\"[2001:db8::5]:3261\"," NAME "}",                                             "iscsi:[2001:db8::5]::3261:0:" IQN                            },
    {"{\"target_portal\":\"2001:db8::5\"," NAME "}",                                                    "iscsi:[2001:db8::5]::3260:0:" IQN                            },
    {"{\"target_portal\":\"san.example\",\"target_iqn\":\"eui.02004567A425678D\"}",
     "iscsi:san.example::3260:0:eui.02004567A425678D"                                                                                                                 },
    /* As Cinder gives them with multipath: lists of one length beside the singular ones. */
    {"{" PORTAL "," NAME
     ",\"target_lun\":1,\"target_portals\":[\"192.0.2.5:3260\",\"192.0.2.6:3260\"],"
     "\"target_iqns\":[\"" IQN "\",\"iqn.2010-10.com.example:b\"],\"target_luns\":[1,\"2\"]}",
     "iscsi:192.0.2.5::3260:1:" IQN " iscsi:192.0.2.6::3260:2:iqn.2010-10.com.example:b"                                                                              },
    /* Lists that do not match: the singular one, else the list's first. */
    {"{\"target_portals\":[\"192.0.2.5\",\"192.0.2.6\"]," NAME ",\"target_luns\":[3]}",
     "iscsi:192.0.2.5::3260:3:" IQN " iscsi:192.0.2.6::3260:3:" IQN                                                                                                   },
    {"{\"target_portals\":[\"192.0.2.5\",\"192.0.2.6\"]," NAME
     ",\"target_iqns\":[\"iqn.2010-10.com.example:c\"],\"target_lun\":4,\"target_luns\":[1,2,3]}", "iscsi:192.0.2.5::3260:4:" IQN " iscsi:192.0.2.6::3260:4:" IQN},
    {"{" PORTAL ",\"target_iqns\":[\"" IQN "\",\"iqn.2010-10.com.example:b\"]}",
     "iscsi:192.0.2.5::3260:0:" IQN                                                                                                                                   },
    /* A list as the command line can give one. */
    /* iscsiadm's form, with the tag of the portal group */
    {"{\"target_portal\":\"192.0.2.5:3260,1\"," NAME "}",                                               "iscsi:192.0.2.5::3260:0:" IQN                                },
    {"{\"target_portal\":\"[2001:db8::1]:3260,1\"," NAME "}",                                           "iscsi:[2001:db8::1]::3260:0:" IQN                            },
    {"{\"target_portals\":[\"192.0.2.5:3260,1\",\"192.0.2.6,2\"]," NAME "}",
     "iscsi:192.0.2.5::3260:0:" IQN " iscsi:192.0.2.6::3260:0:" IQN                                                                                                   },
    {"{\"target_portals\":\"192.0.2.5:3260,1,192.0.2.6:3260,2\"," NAME "}",
     "iscsi:192.0.2.5::3260:0:" IQN " iscsi:192.0.2.6::3260:0:" IQN                                                                                                   },
    {"{\"target_portals\":\"192.0.2.5:3260, [::2]:3260,\"," NAME ",\"target_luns\":\"1,2\"}",
     "iscsi:192.0.2.5::3260:1:" IQN " iscsi:[::2]::3260:2:" IQN                                                                                                       },
    {"{" PORTAL "," NAME ",\"target_portals\":null,\"target_iqns\":[],\"target_luns\":\"\","
     "\"target_discovered\":true,\"access_mode\":\"rw\",\"auth_method\":null}",                    "iscsi:192.0.2.5::3260:0:" IQN                                },
};
/* clang-format on */

static void
properties_give_the_uris_that_ipxe_takes(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(volumes); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(IscsiVolume) volume = read_text(volumes[i].properties, &error);
        if (volume == NULL)
            fail_msg("%s: %s", volumes[i].properties, error->message);
        g_autoptr(GString) uris = g_string_new(NULL);
        for (unsigned k = 0; k < volume->portals->len; k++) {
            g_autofree char *uri = iscsi_portal_uri(volume->portals->pdata[k]);
            g_string_append_printf(uris, "%s%s", k > 0 ? " " : "", uri);
        }
        assert_string_equal(uris->str, volumes[i].uris);
    }
}

/* Properties that are refused, with a part of the sentence. */
static const struct {
    const char *properties, *words;
} refused[] = {
    {"{" NAME "}", "target_portal is missing"},
    {"{" PORTAL "}", "target_iqn is missing"},
    {"{" PORTAL ",\"target_iqn\":\"\"}", "target_iqn is missing"},
    {"{" PORTAL ",\"target_iqn\":\"vol-1\"}", "target_iqn must be an iSCSI name"},
    {"{" PORTAL ",\"target_iqn\":17}", "target_iqn must be an iSCSI name"},
    {"{" PORTAL ",\"target_iqn\":{}}", "target_iqn must be a string, a list"},
    {"{" PORTAL ",\"target_iqn\":\"iqn.2010-10.com.example:a b\"}", "target_iqn must be"},
    {"{" PORTAL ",\"target_iqn\":\"iqn.2010-10.com.example:${password}\"}", "target_iqn must be"},
    {"{" PORTAL ",\"target_iqn\":\"iqn.2010-10.com.example:a\\nshell\"}", "target_iqn must be"},
    {"{" PORTAL ",\"target_iqn\":\"iqn.2010-10.com.example:a\\u0000b\"}", "target_iqn"},
    {"{\"target_portal\":\"192.0.2.5:x\"," NAME "}", "target_portal must be the address"},
    {"{\"target_portal\":\"192.0.2.5:70000\"," NAME "}", "from 1 to 65535"},
    {"{\"target_portal\":\"a\\nreboot\"," NAME "}", "target_portal must be the address"},
    {"{\"target_portal\":\"${gateway}\"," NAME "}", "target_portal must be the address"},
    {"{\"target_portal\":\"a||shell\"," NAME "}", "target_portal must be the address"},
    {"{\"target_portal\":true," NAME "}", "target_portal must be a string"},
    {"{\"target_portals\":[\"192.0.2.5\",7]," NAME "}", "target_portals must be the address"},
    {"{\"target_portals\":[null]," NAME "}", "target_portals must be the address"},
    {"{\"target_portals\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]," NAME "}",
     "more than 16 items"},
    {"{\"target_portals\":\"a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\"," NAME "}",
     "more than 16 items"},
    {"{" PORTAL "," NAME ",\"target_lun\":-1}", "target_lun must be a logical unit number"},
    {"{" PORTAL "," NAME ",\"target_lun\":16384}", "0 to 16383"},
    {"{" PORTAL "," NAME ",\"target_lun\":\"0x1\"}", "not \"0x1\""},
    {"{" PORTAL "," NAME ",\"target_lun\":\"1 \\n\\n2\"}", "target_lun must be"},
    {"{" PORTAL "," NAME ",\"target_lun\":\"99999999999999999999\"}", "target_lun must be"},
    {"{" PORTAL "," NAME ",\"target_lun\":1.5}", "target_lun must be a string, a list"},
    {"{" PORTAL "," NAME ",\"auth_method\":\"KRB5\"}", "auth_method must be \"CHAP\""},
    {"{" PORTAL "," NAME ",\"auth_method\":1}", "auth_method must be \"CHAP\""},
    {"{" PORTAL "," NAME ",\"auth_method\":\"CHAP\"}",
     "auth_username and auth_password are missing"},
    {"{" PORTAL "," NAME ",\"auth_username\":\"u\"}", "auth_password is missing"},
    {"{" PORTAL "," NAME ",\"auth_password\":\"secret-word\"}", "auth_username is missing"},
    {"{" PORTAL "," NAME ",\"auth_username\":\"u\",\"auth_password\":\"secret-word\\nshell\"}",
     "auth_password must have printable ASCII characters"},
    {"{" PORTAL "," NAME ",\"auth_username\":\"u\\ts\",\"auth_password\":\"secret-word\"}",
     "auth_username must have printable ASCII characters"},
    {"{" PORTAL "," NAME ",\"auth_username\":\"u\",\"auth_password\":\"secret-word\\u00e9\"}",
     "auth_password must have printable ASCII characters"},
    {"{" PORTAL "," NAME ",\"auth_username\":\"u\",\"auth_password\":\"secret-word\\u0000\"}",
     "auth_password"},
    {"{" PORTAL "," NAME ",\"auth_username\":\"u\",\"auth_password\":12345}",
     "auth_password must be a string"},
    {"[]", "must be an object"},
};

static void
properties_that_cannot_work_are_refused_by_name_without_the_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        json_error_t fault;
        json_auto_t *properties = json_loads(refused[i].properties, JSON_ALLOW_NUL, &fault);
        assert_non_null(properties);
        g_autoptr(IscsiVolume) volume = iscsi_volume_read(properties, &error);
        if (volume != NULL)
            fail_msg("accepted: %s", refused[i].properties);
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID) ||
                    steel_error_is(error, STEEL_ERROR_MISSING));
        if (strstr(error->message, refused[i].words) == NULL)
            fail_msg("%s: %s", refused[i].properties, error->message);
        assert_null(strstr(error->message, "secret-word"));
        assert_null(strchr(error->message, '\n'));
    }
}

static void
chap_is_taken_with_and_without_its_method_named(void **state)
{
    (void)state;
    static const char *const methods[] = {"", ",\"auth_method\":\"CHAP\"",
                                          ",\"auth_method\":\"chap\"", ",\"auth_method\":\"None\""};
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_autofree char *text =
            g_strdup_printf("{" PORTAL "," NAME
                            ",\"auth_username\":\"us er\",\"auth_password\":\"$ec\\\"ret{#\"%s}",
                            methods[i]);
        g_autoptr(IscsiVolume) volume = read_text(text, NULL);
        assert_non_null(volume);
        assert_string_equal(volume->username, "us er");
        assert_string_equal(volume->password, "$ec\"ret{#");
    }
    g_autoptr(IscsiVolume) open = read_text("{" PORTAL "," NAME ",\"auth_password\":\"\"}", NULL);
    assert_non_null(open);
    assert_null(open->username);
    assert_null(open->password);
}

static void
a_long_value_is_shortened_in_the_sentence(void **state)
{
    (void)state;
    g_autofree char *name = g_strnfill(5000, 'x');
    g_autofree char *text = g_strdup_printf("{" PORTAL ",\"target_iqn\":\"%s\"}", name);
    g_autoptr(GError) error = NULL;
    assert_null(read_text(text, &error));
    assert_in_range(strlen(error->message), 1, 300);
}

static void
iscsi_names_follow_the_rfc(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "iqn.2001-04.com.example",
        "iqn.2001-04.com.example:storage.disk2.sys1.xyz",
        "iqn.2017-08.org.openstack.1be26c0b-03f2-4d2e-ae87-c02d7f33c781",
        "IQN.2004-04.com.qnap:TS-453:iscsi.disk_1",
        "eui.02004567A425678D",
        "naa.52004567BA64678D",
        "naa.62004567BA64678D0123456789ABCDEF",
    };
    static const char *const invalid[] = {
        "",
        "iqn.",
        "iqn.2001-04",
        "iqn.2001-04.",
        "iqn.2001-13.com.example",
        "iqn.2001-00.com.example",
        "iqn.200a-01.com.example",
        "iqn.2001.01.com.example",
        "iqn.2001-04.com.example:\xc3\xa9",
        "iqn.2001-04.com.example/1",
        "iqn.2001-04.:x",
        "eui.02004567A425678",
        "eui.02004567A425678G",
        "naa.52004567BA64678D01",
        "wwn.5000",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(valid); i++)
        if (!iscsi_name_valid(valid[i]))
            fail_msg("refused: %s", valid[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(invalid); i++)
        if (iscsi_name_valid(invalid[i]))
            fail_msg("accepted: %s", invalid[i]);
    assert_false(iscsi_name_valid(NULL));
    g_autofree char *tail = g_strnfill(ISCSI_NAME_LENGTH, 'a');
    g_autofree char *name = g_strdup_printf("iqn.2001-04.com:%s", tail);
    assert_false(iscsi_name_valid(name));
    name[ISCSI_NAME_LENGTH] = '\0';
    assert_true(iscsi_name_valid(name));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_give_the_uris_that_ipxe_takes),
        cmocka_unit_test(properties_that_cannot_work_are_refused_by_name_without_the_secret),
        cmocka_unit_test(chap_is_taken_with_and_without_its_method_named),
        cmocka_unit_test(a_long_value_is_shortened_in_the_sentence),
        cmocka_unit_test(iscsi_names_follow_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
