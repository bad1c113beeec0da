// Threads of the OpenMP runtime that oneDNN computes with.
#ifndef CORE_BACKEND_CPU_THREADS_H
#define CORE_BACKEND_CPU_THREADS_H

int threads_available(void); // processors that are online, at least 1
// For parallel work started by the calling thread from now on.
void threads_set(int count);

#endif
