// What intervals are made of. Arithmetic only. Any thread.
#ifndef CORE_LAB_INTERVAL_H
#define CORE_LAB_INTERVAL_H

// The quantile of Student's distribution: P(T < t) = level, 0.5 ≤ level < 1; degrees > 0 need not be whole.
double student_quantile(double level, double degrees);

struct ratio { // two means that may go together, and the covariance of these means
    double top, bottom, top_top, top_bottom, bottom_bottom;
};
// The interval of top/bottom, of which neither can truly be below 0: the ends of Fieller's set
//   { r ≥ 0 : (top − r·bottom)² ≤ t²·var(top − r·bottom) }   (Fieller 1954), t = `quantile`.
// high is infinite where bottom is not shown to be above 0. The set may then be two pieces, one from 0 and one without
// end: low is 0 all the same. Where all of the set lies below 0, both ends are 0; where bottom is shown to be below 0,
// which it cannot be, nothing is known: 0 to infinity.
void ratio_interval(const struct ratio *ratio, double quantile, double *low, double *high);

#endif
