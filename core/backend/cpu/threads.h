// Threads of the OpenMP runtime that oneDNN computes with.
#ifndef CORE_BACKEND_CPU_THREADS_H
#define CORE_BACKEND_CPU_THREADS_H

#include <stdbool.h>

int threads_available(void); // processors that are online, at least 1
// For parallel work started by the calling thread from now on.
void threads_set(int count);
// Calls work(context, part, parts) for every part from 0 to parts − 1, on as many threads: at most
// those of threads_set, and parts is how many. They are the threads of oneDNN, awake between its primitives.
void threads_share(int parts, void (*work)(void *context, int part, int parts), void *context);

// Left to itself, libgomp's threads spin for milliseconds wherever they wait for each other. When
// another program wants a processor, a step of a small net then takes hundreds of times as long. Only
// the environment can tell it to sleep, and it is read before main: true when it says so
// (OMP_WAIT_POLICY=passive or GOMP_SPINCOUNT).
bool threads_patient(void);

// Starts this program anew with GOMP_SPINCOUNT=1000 (some microseconds: as fast as spinning where
// processors are free) unless the environment speaks of waiting already. To be called first thing in main; returns
// where there is nothing to do or it cannot be done.
void threads_restart_patient(char **argv);

// How many threads a plan of so much work runs on; `asked` 0 = choose.
int threads_for(double flops, int asked);
// The same for the parts of a batch that go through the kernels of a small net (plan.h).
int threads_for_parts(double flops, int asked);

#endif
