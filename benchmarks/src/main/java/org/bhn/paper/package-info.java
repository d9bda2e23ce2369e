/**
 * The experiments of Krueger et al. 2017, "Bayesian Hypernetworks" (arXiv 1710.04759), one command
 * each: {@code mvn -B -q -Pexperiment -Dname=toy-regression -Dquick=true}; {@code -Dname=report}
 * makes one page of all results found so far.
 *
 * <p>An experiment is an {@link org.bhn.paper.Experiment}, listed in {@link
 * org.bhn.paper.Experiments}. It says in {@code units} what there is to run, and in {@code report}
 * how to show what came out; the two meet only in the names of values, since the report is also
 * built from results of long ago.
 *
 * <ul>
 *   <li>A {@link org.bhn.paper.Unit} is a method on a group (a data set, a variant) with a seed.
 *       Its settings begin with {@code options.settings()}, which holds the mode, and name all that
 *       its values depend on: a unit whose settings changed is run again, another is skipped.
 *   <li>Sizes come from {@code options.pick(tiny, quick, full)}: tiny must run in a second or two
 *       without files, full is as in the paper. {@code options.asPublished()} asks for the
 *       published learning rates, widths, schedules and Monte-Carlo counts.
 *   <li>A unit's work returns {@link org.bhn.paper.Values}: numbers and lists. Data are read there
 *       and nowhere else.
 *   <li>{@code report} gets {@link org.bhn.paper.Runs}, which filter by group and method; {@code
 *       runs.stat(name)} is a mean with its 95 % interval. Every table has a column {@code
 *       extent()}. Figures are {@link org.bhn.report.Plot}s.
 * </ul>
 *
 * <p>Results are one JSON file for each experiment, size and mode, rewritten whole after each unit:
 * an experiment that is killed goes on with the unit it was at.
 */
package org.bhn.paper;
