// What this machine computes at best, measured: thousand millions of operations a second in f32 with all of its threads,
// the best of a few tries. Benches say how far a step is from it.
#ifndef TESTS_SUPPORT_ROOFLINE_H
#define TESTS_SUPPORT_ROOFLINE_H

double roofline_product(void);     // oneDNN's product of 1024×1024 matrices
double roofline_convolution(void); // its direct convolution 3×3 of 64 maps of 32×32 into 64, batch 16; NaN where it fails

#endif
