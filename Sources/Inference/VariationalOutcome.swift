/// The outcome of one ascent.
struct AscentOutcome {
  /// Averaged iterates.
  var guide: GaussianGuide
  var status: Status
  var steps: Int
  var evaluations: Int
  /// ELBO estimates, one a block of steps: (last step of the block, mean over it).
  var trace: [(step: Int, elbo: Double)]
  /// Largest Monte Carlo error of the averaged m (in guide sd) and log scales at the end; NaN with fixed steps.
  var averagingError: Double
  /// Largest split R-hat of the averaged iterates; NaN with fixed steps.
  var iterateRHat: Double
}

extension AscentOutcome {
  /// An outcome as a checkpoint holds it, with the evaluations of the block of eight lanes and of others up to there.
  struct Memory: Codable {
    var guide: GaussianGuide
    var status: Status
    var steps, evaluations: Int
    var traceSteps: [Int]
    var traceValues: PackedNumbers
    var averagingError, iterateRHat: Double
    var wideEvaluations, otherEvaluations: Int

    func isSound(_ family: GuideFamily, dimension: Int) -> Bool {
      guide.family == family && guide.location.count == dimension && guide.logScale.count == dimension
        && guide.factor.count == GaussianGuide.factorCount(family, dimension: dimension)
        && [steps, evaluations, wideEvaluations, otherEvaluations].allSatisfy(\.isCount)
    }
  }

  init(_ memory: Memory) {
    self.init(
      guide: memory.guide, status: memory.status, steps: memory.steps, evaluations: memory.evaluations,
      trace: zip(memory.traceSteps, memory.traceValues.values).map { ($0, $1) }, averagingError: memory.averagingError,
      iterateRHat: memory.iterateRHat)
  }

  func memory(wide: Int, other: Int) -> Memory {
    Memory(
      guide: guide, status: status, steps: steps, evaluations: evaluations, traceSteps: trace.map(\.step),
      traceValues: PackedNumbers(trace.map(\.elbo)), averagingError: averagingError, iterateRHat: iterateRHat, wideEvaluations: wide,
      otherEvaluations: other)
  }
}
