/* The resources of the iLO for tests: each row is a URI and its JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

typedef struct DeviceResource {
    const char *uri, *text;
} DeviceResource;

#define ATTEMPT4                                                                                   \
    "{\"iSCSIBootAttemptInstance\": 0, \"iSCSIBootAttemptName\": \"\", \"iSCSIBootEnable\": "      \
    "\"Disabled\", \"iSCSIBootLUN\": \"0\", \"iSCSITargetName\": null, \"iSCSITargetIpAddress\": " \
    "\"0.0.0.0\", \"iSCSITargetTcpPort\": 0, \"iSCSINicSource\": \"\", \"StructuredBootString\": " \
    "null, \"UEFIDevicePath\": null}"
#define ATTEMPT5                                                                                   \
    "{\"iSCSIAttemptInstance\": 0, \"iSCSIAttemptName\": \"\", \"iSCSIConnection\": \"Disabled\"," \
    " \"iSCSILUN\": \"0\", \"iSCSITargetName\": null, \"iSCSITargetIpAddress\": \"0.0.0.0\", "     \
    "\"iSCSITargetTcpPort\": 3260, \"iSCSINicSource\": \"\", \"StructuredBootString\": null, "     \
    "\"UEFIDevicePath\": null}"
#define MAPPINGS                                                                                   \
    "\"BiosPciSettingsMappings\": [{\"Associations\": [\"EmbNicEnable\"], \"Subinstances\": ["     \
    "{\"Associations\": [\"NicBoot1\", {\"PreBootNetwork\": \"EmbNic\"}], \"CorrelatableID\": "    \
    "\"PciRoot(0x0)/Pci(0x2,0x0)/Pci(0x0,0x0)\"}, {\"Associations\": [\"NicBoot2\"], "             \
    "\"CorrelatableID\": \"PciRoot(0x0)/Pci(0x2,0x0)/Pci(0x0,0x1)\"}, {\"Associations\": "         \
    "[\"NicBoot3\"], \"CorrelatableID\": \"PciRoot(0x0)/Pci(0x2,0x0)/Pci(0x0,0x2)\"}]}]"

static const DeviceResource gen9_resources[] = {
    {"/rest/v1/Systems/1",
     "{\"Type\": \"ComputerSystem.1.0.1\", \"Model\": \"ProLiant DL380 Gen9\", \"Power\": \"On\", "
     "\"Boot\": {\"BootSourceOverrideEnabled\": \"Disabled\", \"BootSourceOverrideTarget\": "
     "\"None\", \"UefiTargetBootSourceOverrideSupported\": [\"HD.Emb.1.1\", null]}, "
     "\"Oem\": {\"Hp\": {\"PostState\": \"FinishedPost\", \"Bios\": {\"UefiClass\": 2}, \"links\": "
     "{\"BIOS\": {\"href\": \"/rest/v1/Systems/1/Bios\"}, \"SecureBoot\": {\"href\": "
     "\"/rest/v1/Systems/1/SecureBoot\"}}}}}"},
    {"/rest/v1/Systems/1/SecureBoot",
     "{\"SecureBootCurrentState\": false, \"SecureBootEnable\": false}"},
    {"/rest/v1/Systems/1/Bios",
     "{\"Type\": \"HpBios.1.2.0\", \"BootMode\": \"Uefi\", \"CustomPostMessage\": \"hello\", "
     "\"UefiOptimizedBoot\": \"Enabled\", "
     "\"ProcVirtualization\": \"Enabled\", \"links\": {\"Settings\": {\"href\": "
     "\"/rest/v1/Systems/1/Bios/Settings\"}, \"Boot\": {\"href\": "
     "\"/rest/v1/Systems/1/Bios/Boot\"},"
     " \"iScsi\": {\"href\": \"/rest/v1/Systems/1/Bios/iScsi\"}, \"Mappings\": {\"href\": "
     "\"/rest/v1/Systems/1/Bios/Mappings\"}, \"BaseConfigs\": {\"href\": "
     "\"/rest/v1/Systems/1/Bios/BaseConfigs\"}}}"},
    {"/rest/v1/Systems/1/Bios/Settings",
     "{\"Type\": \"HpBios.1.2.0\", \"BootMode\": \"Uefi\", \"CustomPostMessage\": \"hello\", "
     "\"UefiOptimizedBoot\": \"Enabled\", "
     "\"ProcVirtualization\": \"Enabled\"}"},
    {"/rest/v1/Systems/1/Bios/Boot",
     "{\"BootSources\": [{\"BootString\": \"Embedded LOM 1 Port 1 : NIC (PXE IPv4)\", "
     "\"StructuredBootString\": \"NIC.LOM.1.1.IPv4\"}, {\"BootString\": \"Smart Array: Logical "
     "Drive 1\", \"StructuredBootString\": \"HD.Emb.1.1\"}], \"PersistentBootConfigOrder\": "
     "[\"HD.Emb.1.1\", \"NIC.LOM.1.1.IPv4\"]}"},
    {"/rest/v1/Systems/1/Bios/iScsi",
     "{\"iSCSIInitiatorName\": \"iqn.1986-03.com.hp:uefi\", \"iSCSIBootSources\": [" ATTEMPT4
     ", " ATTEMPT4 ", " ATTEMPT4 ", " ATTEMPT4 "], "
     "\"links\": {\"Settings\": {\"href\": \"/rest/v1/Systems/1/Bios/iScsi/Settings\"}}}"},
    {"/rest/v1/Systems/1/Bios/iScsi/Settings",
     "{\"iSCSIInitiatorName\": \"iqn.1986-03.com.hp:uefi\", \"iSCSIBootSources\": [" ATTEMPT4
     ", " ATTEMPT4 ", " ATTEMPT4 ", " ATTEMPT4 "]}"},
    {"/rest/v1/Systems/1/Bios/Mappings", "{" MAPPINGS "}"},
    {"/rest/v1/Systems/1/Bios/BaseConfigs",
     "{\"BaseConfigs\": [{\"default\": {\"ProcVirtualization\": \"Enabled\", \"BootMode\": "
     "\"Uefi\"}}]}"},
    {"/rest/v1/Systems/1/NetworkAdapters",
     "{\"Type\": \"Collection.1.0.0\", \"links\": {\"Member\": [{\"href\": "
     "\"/rest/v1/Systems/1/NetworkAdapters/1\"}]}}"},
    {"/rest/v1/Systems/1/NetworkAdapters/1",
     "{\"PhysicalPorts\": [{\"MacAddress\": \"52:54:00:00:00:01\", \"UEFIDevicePath\": "
     "\"PciRoot(0x0)/Pci(0x2,0x0)/Pci(0x0,0x0)\"}, {\"MacAddress\": \"52:54:00:AB:00:02\", "
     "\"UEFIDevicePath\": \"PciRoot(0x0)/Pci(0x2,0x0)/Pci(0x0,0x1)\"}]}"},
    {"/rest/v1/Managers/1",
     "{\"Type\": \"Manager.1.0.0\", \"FirmwareVersion\": \"iLO 4 v2.70\", \"links\": "
     "{\"VirtualMedia\": {\"href\": \"/rest/v1/Managers/1/VirtualMedia\"}}, \"Oem\": {\"Hp\": "
     "{\"License\": {\"LicenseString\": \"iLO 4 Advanced\"}, \"links\": {\"LicenseService\": "
     "{\"href\": \"/rest/v1/Managers/1/LicenseService\"}}}}}"},
    {"/rest/v1/Managers/1/LicenseService", "{}"},
    {"/rest/v1/Managers/1/VirtualMedia",
     "{\"Type\": \"Collection.1.0.0\", \"links\": {\"Member\": [{\"href\": "
     "\"/rest/v1/Managers/1/VirtualMedia/1\"}, {\"href\": "
     "\"/rest/v1/Managers/1/VirtualMedia/2\"}]}}"},
    {"/rest/v1/Managers/1/VirtualMedia/1",
     "{\"Image\": null, \"Inserted\": false, \"MediaTypes\": [\"Floppy\", \"USBStick\"], "
     "\"links\": "
     "{\"self\": {\"href\": \"/rest/v1/Managers/1/VirtualMedia/1\"}}}"},
    {"/rest/v1/Managers/1/VirtualMedia/2",
     "{\"Image\": null, \"Inserted\": false, \"MediaTypes\": [\"CD\", \"DVD\"], \"Oem\": {\"Hp\": "
     "{\"BootOnNextServerReset\": false}}, \"links\": {\"self\": {\"href\": "
     "\"/rest/v1/Managers/1/VirtualMedia/2\"}}}"},
    {"/rest/v1/AccountService/Accounts",
     "{\"Type\": \"Collection.1.0.0\", \"Items\": [{\"UserName\": \"Administrator\", \"links\": "
     "{\"self\": {\"href\": \"/rest/v1/AccountService/Accounts/1\"}}}]}"},
    {"/rest/v1/AccountService/Accounts/1", "{\"UserName\": \"Administrator\"}"},
    {0},
};

static const DeviceResource gen10_resources[] = {
    {"/redfish/v1/Systems/1",
     "{\"Model\": \"ProLiant DL380 Gen10\", \"PowerState\": \"On\", \"Boot\": "
     "{\"BootSourceOverrideEnabled\": \"Disabled\", \"BootSourceOverrideTarget\": \"None\", "
     "\"UefiTargetBootSourceOverride@Redfish.AllowableValues\": [null, \"HD.Emb.1.1\"]}, "
     "\"MemorySummary\": {\"TotalSystemMemoryGiB\": 64}, \"Processors\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Processors/\"}, \"EthernetInterfaces\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/EthernetInterfaces/\"}, \"Storage\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Storage/\"}, \"Bios\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Bios/\"}, \"SecureBoot\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/SecureBoot/\"}, \"Actions\": {\"#ComputerSystem.Reset\": "
     "{\"target\": "
     "\"/redfish/v1/Systems/1/Actions/ComputerSystem.Reset/\"}}, \"Oem\": {\"Hpe\": "
     "{\"PostState\": "
     "\"FinishedPost\", \"Bios\": {\"UefiClass\": 2, \"Current\": {\"VersionString\": \"U30 "
     "v2.10\"}}, \"Actions\": {\"#HpeComputerSystemExt.PowerButton\": {\"target\": "
     "\"/redfish/v1/Systems/1/Actions/Oem/Hpe/HpeComputerSystemExt.PowerButton/\"}}}}}"},
    {"/redfish/v1/Systems/1/SecureBoot",
     "{\"SecureBootCurrentBoot\": \"Disabled\", \"SecureBootEnable\": false, \"Actions\": "
     "{\"#SecureBoot.ResetKeys\": {\"target\": "
     "\"/redfish/v1/Systems/1/SecureBoot/Actions/SecureBoot.ResetKeys/\"}}}"},
    {"/redfish/v1/Systems/1/Bios",
     "{\"Attributes\": {\"BootMode\": \"Uefi\", \"ProcVirtualization\": \"Enabled\"}, "
     "\"@Redfish.Settings\": {\"SettingsObject\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Bios/Settings/\"}}, \"Oem\": {\"Hpe\": {\"Links\": {\"Boot\": "
     "{\"@odata.id\": \"/redfish/v1/Systems/1/Bios/Boot/\"}, \"iScsi\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Bios/iScsi/\"}, \"Mappings\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Bios/Mappings/\"}, \"BaseConfigs\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Bios/BaseConfigs/\"}}}}}"},
    {"/redfish/v1/Systems/1/Bios/Settings",
     "{\"Attributes\": {\"BootMode\": \"Uefi\", \"ProcVirtualization\": \"Enabled\"}}"},
    {"/redfish/v1/Systems/1/Bios/Boot",
     "{\"BootSources\": [{\"BootString\": \"Embedded LOM 1 Port 1 : NIC (PXE IPv4)\", "
     "\"StructuredBootString\": \"NIC.LOM.1.1.IPv4\"}, {\"BootString\": \"Smart Array: Logical "
     "Drive 1\", \"StructuredBootString\": \"HD.Emb.1.1\"}], \"PersistentBootConfigOrder\": "
     "[\"HD.Emb.1.1\", \"NIC.LOM.1.1.IPv4\"]}"},
    {"/redfish/v1/Systems/1/Bios/iScsi",
     "{\"iSCSIInitiatorName\": \"iqn.2015-02.com.hpe:uefi\", \"iSCSISources\": [" ATTEMPT5
     ", " ATTEMPT5 ", " ATTEMPT5 ", " ATTEMPT5 "], "
     "\"@Redfish.Settings\": {\"SettingsObject\": {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Bios/iScsi/Settings/\"}}}"},
    {"/redfish/v1/Systems/1/Bios/iScsi/Settings",
     "{\"iSCSIInitiatorName\": \"iqn.2015-02.com.hpe:uefi\", \"iSCSISources\": [" ATTEMPT5
     ", " ATTEMPT5 ", " ATTEMPT5 ", " ATTEMPT5 "]}"},
    {"/redfish/v1/Systems/1/Bios/Mappings", "{" MAPPINGS "}"},
    {"/redfish/v1/Systems/1/Bios/BaseConfigs",
     "{\"BaseConfigs\": [{\"default\": {\"ProcVirtualization\": \"Enabled\", \"BootMode\": "
     "\"Uefi\"}}]}"},
    {"/redfish/v1/Systems/1/Processors",
     "{\"Members\": [{\"@odata.id\": \"/redfish/v1/Systems/1/Processors/1/\"}, {\"@odata.id\": "
     "\"/redfish/v1/Systems/1/Processors/2/\"}]}"},
    {"/redfish/v1/Systems/1/Processors/1",
     "{\"ProcessorArchitecture\": \"x86\", \"TotalThreads\": 16}"},
    {"/redfish/v1/Systems/1/Processors/2",
     "{\"ProcessorArchitecture\": \"x86\", \"TotalThreads\": 16}"},
    {"/redfish/v1/Systems/1/EthernetInterfaces",
     "{\"Members\": [{\"@odata.id\": \"/redfish/v1/Systems/1/EthernetInterfaces/1/\"}, "
     "{\"@odata.id\": \"/redfish/v1/Systems/1/EthernetInterfaces/2/\"}]}"},
    {"/redfish/v1/Systems/1/EthernetInterfaces/1",
     "{\"Id\": \"1\", \"MACAddress\": \"52:54:00:00:00:01\", \"UefiDevicePath\": "
     "\"PciRoot(0x0)/Pci(0x2,0x0)/Pci(0x0,0x0)\", \"Status\": {\"Health\": \"OK\", \"State\": "
     "\"Enabled\"}}"},
    {"/redfish/v1/Systems/1/EthernetInterfaces/2",
     "{\"Id\": \"2\", \"MACAddress\": \"52:54:00:AB:00:02\", \"UefiDevicePath\": "
     "\"PciRoot(0x0)/Pci(0x2,0x0)/Pci(0x0,0x1)\", \"Status\": {\"Health\": null, \"State\": "
     "\"Disabled\"}}"},
    {"/redfish/v1/Systems/1/Storage",
     "{\"Members\": [{\"@odata.id\": \"/redfish/v1/Systems/1/Storage/1/\"}]}"},
    {"/redfish/v1/Systems/1/Storage/1",
     "{\"Volumes\": {\"@odata.id\": \"/redfish/v1/Systems/1/Storage/1/Volumes/\"}, \"Drives\": "
     "[{\"@odata.id\": \"/redfish/v1/Systems/1/Storage/1/Drives/1/\"}]}"},
    {"/redfish/v1/Systems/1/Storage/1/Volumes",
     "{\"Members\": [{\"@odata.id\": \"/redfish/v1/Systems/1/Storage/1/Volumes/1/\"}]}"},
    {"/redfish/v1/Systems/1/Storage/1/Volumes/1", "{\"CapacityBytes\": 53687091200}"},
    {"/redfish/v1/Systems/1/Storage/1/Drives/1", "{\"CapacityBytes\": 107374182400}"},
    {"/redfish/v1/Managers/1",
     "{\"FirmwareVersion\": \"iLO 5 v2.10\", \"VirtualMedia\": {\"@odata.id\": "
     "\"/redfish/v1/Managers/1/VirtualMedia/\"}, \"Actions\": {\"#Manager.Reset\": {\"target\": "
     "\"/redfish/v1/Managers/1/Actions/Manager.Reset/\"}}, \"Oem\": {\"Hpe\": {\"License\": "
     "{\"LicenseString\": \"iLO 5 Advanced\"}, \"Links\": {\"LicenseService\": {\"@odata.id\": "
     "\"/redfish/v1/Managers/1/LicenseService/\"}}}}}"},
    {"/redfish/v1/Managers/1/LicenseService", "{}"},
    {"/redfish/v1/Managers/1/VirtualMedia",
     "{\"Members\": [{\"@odata.id\": \"/redfish/v1/Managers/1/VirtualMedia/1/\"}, {\"@odata.id\": "
     "\"/redfish/v1/Managers/1/VirtualMedia/2/\"}]}"},
    {"/redfish/v1/Managers/1/VirtualMedia/1",
     "{\"Image\": null, \"Inserted\": false, \"MediaTypes\": [\"Floppy\", \"USBStick\"], "
     "\"Actions\": {\"#VirtualMedia.InsertMedia\": {\"target\": "
     "\"/redfish/v1/Managers/1/VirtualMedia/1/Actions/VirtualMedia.InsertMedia/\"}, "
     "\"#VirtualMedia.EjectMedia\": {\"target\": "
     "\"/redfish/v1/Managers/1/VirtualMedia/1/Actions/VirtualMedia.EjectMedia/\"}}}"},
    {"/redfish/v1/Managers/1/VirtualMedia/2",
     "{\"Image\": null, \"Inserted\": false, \"MediaTypes\": [\"CD\", \"DVD\"], \"Oem\": {\"Hpe\": "
     "{\"BootOnNextServerReset\": false, \"Actions\": "
     "{\"#HpeiLOVirtualMedia.InsertVirtualMedia\": {\"target\": "
     "\"/redfish/v1/Managers/1/VirtualMedia/2/Actions/Oem/Hpe/"
     "HpeiLOVirtualMedia.InsertVirtualMedia/\"}, \"#HpeiLOVirtualMedia.EjectVirtualMedia\": "
     "{\"target\": \"/redfish/v1/Managers/1/VirtualMedia/2/Actions/Oem/Hpe/"
     "HpeiLOVirtualMedia.EjectVirtualMedia/\"}}}}}"},
    {"/redfish/v1/AccountService/Accounts",
     "{\"Members\": [{\"@odata.id\": \"/redfish/v1/AccountService/Accounts/1/\"}]}"},
    {"/redfish/v1/AccountService/Accounts/1", "{\"UserName\": \"Administrator\"}"},
    {0},
};
