/* Sends messages of rpc over RabbitMQ as they are, whatever they say.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sends a text to the queue of a conductor of config_current's RabbitMQ; the text of the answer,
 * which the caller frees. Ends the program when nobody takes it. Blocks until there is an
 * answer. */
char *hand_send(const char *host, const char *text);
