/* routing_json.h - what the routers did for an object, as JSON. */
#ifndef EXCHANGE_ROUTING_JSON_H
#define EXCHANGE_ROUTING_JSON_H

#include <jansson.h>
#include <voxpert/mask.h>

json_t *routing_to_json(const VoxpertRouting *routing); /* NULL when out of memory */

#endif
