import Foundation
import Inference

/// Shows a picture: one whole `<svg>` element. In a notebook it stands in the page; a program that runs by itself prints its title.
public func show(svg: String, title: String = "picture") {
  NotebookRun.show(.svg(svg, title: title), plain: "[\(title)]\n")
}

/// Shows a plot. In a notebook it stands in the page; a program that runs by itself prints its title.
public func show(_ plot: Plot) {
  NotebookRun.show(.svg(plot.svg, title: plot.title), plain: "[plot: \(plot.title)]\n")
}

/// Shows a table. A program that runs by itself prints it in columns.
public func show(_ table: Table) { NotebookRun.show(table.output, plain: table.text) }

/// Shows the summary of a posterior: a row for each element of each variable (at most `limit` of one variable) with mean, sd, Monte Carlo standard error of the mean,
/// 5 % and 95 % quantiles, bulk effective sample size and R-hat; then the verdict with its reasons.
/// - Parameter names: the variables that are shown, in this order; nil for all. Names that there are not are left out.
public func show<Output>(_ posterior: Posterior<Output>, only names: [String]? = nil, limit: Int = 20) {
  show(Table(posterior, only: names, limit: limit))
  print("verdict: \(posterior.verdict.verdict.rawValue)")
  for reason in posterior.verdict.reasons where reason.severity != .ok { print("  \(reason.text) (\(reason.code))") }
}

/// Where what is shown goes.
enum NotebookRun {
  /// Nil in a program that runs by itself.
  static let token = ProcessInfo.processInfo.environment[NotebookStream.variable]

  static func show(_ output: NotebookOutput, plain: String) {
    print(token.map { NotebookStream.frame(output, token: $0) } ?? plain, terminator: "")
  }
}
