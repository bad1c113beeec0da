// What an NVIDIA GPU is doing, as its driver's management library (NVML, libnvidia-ml.so.1, opened at run time) says:
// read about once a second by a thread of its own, so that neither training nor drawing waits for the driver.
// Symbols and units are those of NVIDIA's NVML reference: utilization in percent, memory in bytes, power in milliwatts,
// temperature in degrees Celsius, clocks in MHz.
#ifndef CORE_BACKEND_TELEMETRY_H
#define CORE_BACKEND_TELEMETRY_H

#include "core/base/status.h"
#include "core/base/wake.h"

#include <stddef.h>
#include <stdint.h>

struct telemetry_reading {
    uint64_t number;                // how often it was read; 0: not yet
    double busy;                    // share of the last second in which something ran; NaN: the GPU does not tell
    double memory_used, memory_total; // bytes, of all programs; NaN as above
    double watts, celsius;            // NaN as above
    double clock, memory_clock;       // MHz, of the multiprocessors and of the memory; NaN as above
    char lost[160];                   // why it cannot be read, a sentence; "" = it can
};

struct telemetry; // the thread and the library

// `bus` is the GPU's PCI address, as "00000000:1B:00.0". `wake` (NULL: none) is signaled after every reading. Returns at
// once; where there is no such library or GPU, the first reading says so. BATCHLAB_NVML names another library.
enum status telemetry_open(struct telemetry **telemetry, const char *bus, const struct wake *wake, struct error *error);
void telemetry_read(struct telemetry *telemetry, struct telemetry_reading *reading); // the last one; any thread, no wait
void telemetry_wait(struct telemetry *telemetry, struct telemetry_reading *reading); // for the first one
void telemetry_close(struct telemetry *telemetry);                                   // NULL allowed

// "87 % busy, 12.3 of 141 GB, 310 W, 61 °C, 1980 MHz", what is known of it. Returns out.
char *telemetry_text(const struct telemetry_reading *reading, char *out, size_t size);

#endif
