/* codec/private.h - every private code point of this project, with the reason for each.
 *
 * Diameter: own AVPs sit under a vendor id of their own, so that no code collides with anybody
 * else's. None of them ever carries the M bit: an MME that does not know them works on (RFC 6733
 * 4.1; an own AVP with M would need a new application id, 1.3.4). The vendor id is configuration;
 * every function that needs it takes it as `own_vendor`.
 */
#ifndef BINDERY_CODEC_PRIVATE_H
#define BINDERY_CODEC_PRIVATE_H

/* Enterprise number reserved for documentation (RFC 5612): nobody else may deploy it, so it is the
 * one value that is safe as a default. An operator with a number of its own configures that. */
#define DIAMETER_VENDOR_OWN_DEFAULT 32473U

/* AVP codes, message members first. */
#define OWN_AVP_BINDING_CONTROL   1U /* AIA: what the HSS did to the vectors; the HSS nonce */
#define OWN_AVP_SERVED_IMEI       2U /* AIR: the device the MME knows it is serving, optional */
#define OWN_AVP_KME_PAYLOAD       3U /* ULR: the device's encrypted KME and its signature */
#define OWN_AVP_NW_SIGNATURE      4U /* ULA: proof for the device that the HSS took the KME */
#define OWN_AVP_BINDING_FAILURE   5U /* NOR: authentications that failed on the device's side */
#define OWN_AVP_DEVICE_PROOF      6U /* ULR: what the MME learnt of the device (reserved) */
#define OWN_AVP_DEVICE_CREDENTIAL 7U /* S13 ECA: what verifies a device's proof (reserved) */
#define OWN_AVP_PROVISIONING_REQ  8U /* S13 ECR: container 6 of the NAS profile (reserved) */
#define OWN_AVP_PROVISIONING_RES  9U /* S13 ECA: container 7 of the NAS profile (reserved) */
/* Members of the groups above. */
#define OWN_AVP_BINDING_MODE          32U /* in Binding-Control: enum s6a_binding_mode */
#define OWN_AVP_HSS_NONCE             33U /* in Binding-Control: 16 octets, provisioning only */
#define OWN_AVP_BINDING_FAILURE_CAUSE 34U /* in Binding-Failure: enum s6a_binding_failure_cause */
#define OWN_AVP_BINDING_FAILURE_COUNT 35U /* in Binding-Failure: failures since the last NOR */

/* Supported-Features {Vendor-Id own, Feature-List-ID 1}: the bits of its Feature-List. */
#define OWN_FEATURE_LIST_ID      1U
#define OWN_FEATURE_BINDING      0x00000001U /* sends Served-IMEI and Binding-Failure */
#define OWN_FEATURE_PROVISIONING 0x00000002U /* carries KME-Payload and NW-Signature */

#endif
