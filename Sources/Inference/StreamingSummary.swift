import Foundation
import Modeling

/// Summaries of draws that come block by block and are not kept: memory depends on the number of variables and chains, not on that of draws.
///
/// For every element there are sums over batches of consecutive draws (``BatchSums``) and a sketch of the distribution (``QuantileDigest``). Means and standard deviations
/// are exact but for rounding. What follows is approximate, with N draws in all and B in a batch:
/// * Errors and effective sample sizes by batch means, B Var(batch means) in place of the sum of autocovariances (Flegal & Jones 2010). There are 32 to 64 batches a
///   chain, so that with four chains an error is itself off by 5 % (one standard deviation), more where a batch is not long against the memory of the chain.
/// * R-hat of halved chains without ranks (Gelman et al. 2013): it does not see differences in tails.
/// * `ess_tail` from the share of draws beyond the 5 % and 95 % quantiles of the first block.
/// * Quantiles from the sketch, exact to about 0.2 % of rank in the middle and better in the tails.
package struct StreamingDraws: Sendable, Codable {
  private struct Variable: Codable {
    var name: String
    var kind: VariableKind
    var shape: [Int]
    var elements: [StreamingElement] = []
  }
  private var variables: [Variable]
  private var clock = BatchClock()
  package private(set) var chains = 0
  /// Draws per chain so far.
  package private(set) var count = 0
  /// Iterations after warm-up, per chain, at which the run ends.
  var target: Int

  init(_ variables: [ModelVariable], target: Int) {
    self.init(
      variables.map { (name: $0.name, kind: $0.role == .output ? VariableKind.output : VariableKind.latent, shape: $0.shape) },
      target: target
    )
  }

  package init(_ variables: [(name: String, kind: VariableKind, shape: [Int])], target: Int = 0) {
    self.variables = variables.map { Variable(name: $0.name, kind: $0.kind, shape: $0.shape) }
    self.target = target
  }

  /// Whether it can have begun as `fresh`, and ends after `limit` draws at most.
  func isSound(_ fresh: StreamingDraws, limit: Int) -> Bool {
    guard (0...limit).contains(target), (0...limit).contains(count), chains.isCount, clock.isSound(draws: count),
      variables.count == fresh.variables.count
    else { return false }
    return zip(variables, fresh.variables).allSatisfy { own, its in
      own.name == its.name && own.kind == its.kind && own.shape == its.shape
        && own.elements.count == (count > 0 ? own.shape.reduce(1, *) : 0) && own.elements.allSatisfy { $0.isSound(chains: chains, clock) }
    }
  }

  /// The same with another block.
  func adding(_ block: [VariableDraws]) -> StreamingDraws {
    var copy = self
    copy.add(block)
    return copy
  }

  /// Takes in the next draws of every chain, equally many of each.
  package mutating func add(_ block: [VariableDraws]) {
    guard let first = block.first(where: { $0.size > 0 }), let length = first.values.first.map({ $0.count / first.size }), length > 0 else {
      return
    }
    if count == 0 { chains = first.values.count }
    var next = clock
    for (index, drawn) in block.enumerated() {
      let size = drawn.size
      for element in 0..<size {
        let columns = drawn.values.map { Self.column($0, element, size) }
        if count == 0 { variables[index].elements.append(StreamingElement(first: columns)) }
        next = clock
        variables[index].elements[element].add(columns, &next)
      }
    }
    clock = next
    count += length
  }

  private static func column(_ chain: [Double], _ element: Int, _ size: Int) -> [Double] {
    size == 1 ? chain : stride(from: element, to: chain.count, by: size).map { chain[$0] }
  }

  /// No draws of the right names and shapes.
  var emptyDraws: DrawSet {
    DrawSet(
      chains: chains, drawsPerChain: count,
      variables: variables.map {
        VariableDraws(name: $0.name, kind: $0.kind, shape: $0.shape, values: [[Double]](repeating: [], count: chains))
      }, sampleStats: [:])
  }

  /// What the draws so far say. `mcse` of quantiles is NaN.
  package var summaries: [VariableSummary] {
    variables.map { variable in
      var summary = VariableSummary(name: variable.name, kind: variable.kind, shape: variable.shape)
      summary.quantiles = Summary.probabilities.map { SummaryQuantile(probability: $0, value: [], mcse: []) }
      for element in variable.elements { summary.append(element, clock, count: count) }
      return summary
    }
  }

  /// How the numbers were made, for the result.
  package var notes: [(name: String, value: String)] {
    [
      ("draws", "\(count) a chain, not kept"), ("mcse_mean, mcse_sd, ess_bulk", "batch means, \(clock.batches) batches a chain"),
      ("ess_tail", "batch means beyond the 5 % and 95 % quantiles of the first block"), ("r_hat", "halved chains, without ranks"),
      ("quantiles", "sketch, about 0.2 % of rank in the middle and less in the tails"),
    ]
  }
}

/// One number of a model as its draws go by.
struct StreamingElement: Sendable, Codable {
  private var sums: [BatchSums]
  private var digest = QuantileDigest()
  private var isFinite = true
  /// What is subtracted before summing, so that squares lose no digits.
  private let centre: Double
  private let low, high: Double

  /// - Parameter first: the first block, [chain][draw], which sets the centre and where tails begin.
  init(first: [[Double]]) {
    let sorted = first.joined().sorted()
    let mean = sorted.reduce(0, +) / Double(max(sorted.count, 1))
    centre = mean.isFinite ? mean : 0
    low = sorted.isEmpty ? 0 : sorted[sorted.count / 20]
    high = sorted.isEmpty ? 0 : sorted[sorted.count - 1 - sorted.count / 20]
    sums = first.map { _ in BatchSums() }
  }

  func isSound(chains: Int, _ clock: BatchClock) -> Bool {
    sums.count == chains && (!isFinite || sums.allSatisfy { $0.whole.count == clock.batches }) && digest.isSound
  }

  mutating func add(_ values: [[Double]], _ clock: inout BatchClock) {
    guard isFinite, values.joined().allSatisfy(\.isFinite) else {
      isFinite = false
      clock.advance(values.first?.count ?? 0) { _, _ in
      } merge: {
      }
      return
    }
    clock.advance(values[0].count) { range, ends in
      for chain in sums.indices { sums[chain].add(values[chain][range], centre: centre, low: low, high: high, ends: ends) }
    } merge: {
      for chain in sums.indices { sums[chain].merge() }
    }
    digest.add(values.joined().sorted())
  }

  /// Mean, standard deviation, and what batches say of their errors.
  fileprivate func report(_ clock: BatchClock, count: Int) -> BatchReport { BatchReport(sums, clock, count: count, centre: centre) }

  fileprivate var gap: DiagnosticsGap? { !isFinite ? .notFinite : digest.isConstant ? .constant : nil }
  fileprivate func quantile(_ probability: Double) -> Double { isFinite ? digest.quantile(probability) : .nan }
}

extension VariableSummary {
  /// Adds the next element.
  fileprivate mutating func append(_ element: StreamingElement, _ clock: BatchClock, count: Int) {
    let report = element.report(clock, count: count)
    let gap = element.gap ?? (clock.batches < 2 ? .tooFewDraws : nil)
    func defined(_ value: Double) -> Double { gap == nil ? value : .nan }
    let isKnown = gap != .notFinite
    mean.append(isKnown ? report.mean : .nan)
    sd.append(isKnown ? report.sd : .nan)
    mcseMean.append(defined(report.mcseMean))
    mcseSD.append(defined(report.mcseSD))
    median.append(element.quantile(0.5))
    for k in quantiles.indices {
      quantiles[k].value.append(element.quantile(quantiles[k].probability))
      quantiles[k].mcse.append(.nan)
    }
    essBulk.append(defined(report.essMean))
    essTail.append(defined(report.essTail))
    rHat.append(defined(report.rHat))
    gaps.append(gap)
  }
}
