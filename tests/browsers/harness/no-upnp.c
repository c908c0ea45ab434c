/* A UPnP library that finds no router.
 *
 * Debian 12 ships a whip-client that aborts at start: the program is linked with libsoup 2, its ICE library
 * through libgupnp-igd with libsoup 3, and libsoup 3 ends any process that holds both. This stands in for
 * libgupnp-igd, so that libsoup 3 is never loaded. The ICE library reads a null as "no UPnP here", and
 * then calls none of the others; they exist because it is linked against their names.
 */

#include <stddef.h>

void *gupnp_simple_igd_thread_new(void) { return NULL; }
size_t gupnp_simple_igd_get_type(void) { return 0; }
void gupnp_simple_igd_add_port(void) {}
void gupnp_simple_igd_remove_port_local(void) {}
