import Foundation
import Kernels
import Testing

/// Discrete samplers against their probabilities, by Pearson's test.
struct RandomCountTests {
  static let size = 40_000

  private func sample(_ site: UInt32, _ draw: (inout RandomStream) -> Double) -> [Double] {
    var stream = RandomStream(at: RandomAddress(seed: 2025, purpose: 3, site: site))
    return (0..<Self.size).map { _ in draw(&stream) }
  }

  private func check(_ sample: [Double], _ probabilities: [Double], _ comment: Comment, line: SourceLocation = #_sourceLocation) {
    #expect(sample.allSatisfy { $0 >= 0 && $0 == $0.rounded() }, comment, sourceLocation: line)
    #expect(GoodnessOfFit.pearson(sample, probabilities) < GoodnessOfFit.deviateBound, comment, sourceLocation: line)
  }

  private func poisson(_ rate: Double, _ k: Int) -> Double { exp(Double(k) * log(rate) - rate - lgamma(Double(k) + 1)) }

  private func binomial(_ n: Int, _ p: Double, _ k: Int) -> Double {
    let logChoice = lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
    return exp(logChoice + Double(k) * log(p) + Double(n - k) * log1p(-p))
  }

  @Test(arguments: [0.01, 0.7, 3, 9.99, 10, 27.5, 400, 5000])
  func poissonOfEveryMethod(rate: Double) {
    let top = Int(rate + 12 * rate.squareRoot() + 12)
    check(sample(UInt32(rate * 100)) { $0.nextPoisson(rate: rate) }, (0..<top).map { poisson(rate, $0) }, "rate \(rate)")
  }

  @Test func poissonOfAHugeRate() {
    let rate = 1e12
    let draws = sample(7) { $0.nextPoisson(rate: rate) }
    check(
      draws.map { ($0 - rate) / rate.squareRoot() + 100 }.map { $0.rounded(.down) },
      (0..<200).map { k in
        RandomLawTests.normalCDF(Double(k) - 99) - RandomLawTests.normalCDF(Double(k) - 100)
      }, "normal limit of 10¹²")
  }

  @Test(arguments: [(1, 0.3), (7, 0.5), (40, 0.02), (50, 0.3), (50, 0.9), (1000, 0.5), (100_000, 0.001), (3000, 0.97)])
  func binomialOfEveryMethod(n: Int, p: Double) {
    let draws = sample(UInt32(n) + UInt32(1000 * p)) { $0.nextBinomial(trials: Double(n), probability: p) }
    #expect(draws.allSatisfy { $0 <= Double(n) })
    check(draws, (0...min(n, 5000)).map { binomial(n, p, $0) }, "\(n) trials of \(p)")
  }

  @Test func geometricAndNegativeBinomial() {
    for p in [0.05, 0.5, 0.99] {
      check(sample(UInt32(100 * p)) { $0.nextGeometric(probability: p) }, (0..<600).map { p * pow(1 - p, Double($0)) }, "geometric of \(p)")
    }
    let (mean, shape) = (6.0, 1.5)
    let probabilities = (0..<200).map { k in
      exp(
        lgamma(Double(k) + shape) - lgamma(shape) - lgamma(Double(k) + 1) + shape * log(shape / (shape + mean))
          + Double(k) * log(mean / (shape + mean)))
    }
    check(sample(500) { $0.nextNegativeBinomial(mean: mean, shape: shape) }, probabilities, "negative binomial")
  }

  @Test func categoriesByProbabilitiesAndLogits() {
    let weights = [0.5, 0, 3, 1.25, 0.25, 0]
    let probabilities = weights.map { $0 / 5 }
    check(sample(600) { Double($0.nextCategorical(6, probabilities: weights)) }, probabilities, "weights")
    let logits = weights.map { log($0) - 1000 }
    check(sample(601) { Double($0.nextCategorical(6, logits: logits)) }, probabilities, "logits")
  }

  @Test func integersBelowABoundAreUniform() {
    check(sample(602) { Double($0.nextInteger(below: 11)) }, [Double](repeating: 1.0 / 11, count: 11), "below 11")
    var stream = RandomStream(at: RandomAddress(seed: 1, purpose: 1))
    #expect(stream.nextInteger(below: 0) == 0)
    #expect(stream.nextInteger(below: 1) == 0)
    // Three quarters of all 64-bit words: half of the range is hit two thirds of the time; without rejection the lower half comes too often.
    let bound: UInt64 = 3 << 62
    let low = (0..<Self.size).filter { _ in stream.nextInteger(below: bound) < 1 << 63 }.count
    let deviate = (Double(low) - Double(Self.size) * 2 / 3) / (Double(Self.size) * 2 / 9).squareRoot()
    #expect(abs(deviate) < 4.9)
  }

  @Test func ends() {
    var stream = RandomStream(at: RandomAddress(seed: 1, purpose: 1))
    #expect(stream.nextPoisson(rate: 0) == 0)
    #expect(stream.nextBinomial(trials: 5, probability: 0) == 0)
    #expect(stream.nextBinomial(trials: 5, probability: 1) == 5)
    #expect(stream.nextBinomial(trials: 0, probability: 0.4) == 0)
    #expect(stream.nextGeometric(probability: 1) == 0)
    #expect(stream.nextNegativeBinomial(mean: 0, shape: 2) == 0)
    for bad in [-1, Double.nan, .infinity] {
      #expect(stream.nextPoisson(rate: bad).isNaN)
      #expect(stream.nextBinomial(trials: bad, probability: 0.5).isNaN)
      #expect(stream.nextBinomial(trials: 5, probability: bad).isNaN)
      #expect(stream.nextGeometric(probability: bad).isNaN)
      #expect(stream.nextNegativeBinomial(mean: bad, shape: 1).isNaN)
    }
    #expect(stream.nextBinomial(trials: 2.5, probability: 0.5).isNaN)
    for weights in [[], [0.0, 0], [.infinity, 1], [.nan, 1]] as [[Double]] {
      let grid = Grid(1, weights.count) { weights[$1] }
      #expect(stream.nextCategorical(weights.count, probabilities: grid.pointer) == -1)
    }
    for logits in [[], [-.infinity, -.infinity], [.infinity, 1], [.nan, 1]] as [[Double]] {
      let grid = Grid(1, logits.count) { logits[$1] }
      #expect(stream.nextCategorical(logits.count, logits: grid.pointer) == -1)
    }
  }
}
