// Room in memory for what oneDNN and the OpenMP runtime make: kernels and threads. Where memory runs out while they
// make them, they end the process; later, while they compute, they return a status. So each is made here, or its room
// looked at, before a step needs it. Internal to core/backend/cpu; all fail with STATUS_MEMORY and a sentence.
#ifndef CORE_BACKEND_CPU_ROOM_H
#define CORE_BACKEND_CPU_ROOM_H

#include "core/base/status.h"

enum status room_for_primitive(struct error *error);          // that is about to be described and made
enum status room_for_products(struct error *error);           // makes the kernels of dnnl_sgemm, once
enum status room_for_threads(int count, struct error *error); // starts `count` for the calling thread

#endif
