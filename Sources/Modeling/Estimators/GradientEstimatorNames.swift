import Differentiation
import Distributions

extension GradientEstimator: CustomStringConvertible {
  package var description: String { name }

  /// As on the command line: `disarm`, `rloo:4`, `gumbel-softmax:0.5`.
  package var name: String {
    switch self {
    case .pathwise: "pathwise"
    case .stickingTheLanding: "sticking-the-landing"
    case .scoreFunction(.none): "score-function"
    case .scoreFunction(.movingAverage): "score-function:moving-average"
    case .scoreFunction(.optimal): "score-function:optimal"
    case .scoreFunction(.learned): "score-function:learned"
    case .scoreFunction(.leaveOneOut(let draws)): "rloo:\(draws)"
    case .enumeration: "enumeration"
    case .straightThrough: "straight-through"
    case .reinMax: "reinmax"
    case .gumbelSoftmax(let t): "gumbel-softmax:\(t)"
    case .straightThroughGumbel(let t): "straight-through-gumbel:\(t)"
    case .gumbelRao(let t, _): "gumbel-rao:\(t)"
    case .rebar(let t): "rebar:\(t)"
    case .relax(let t): "relax:\(t)"
    case .arm: "arm"
    case .disarm: "disarm"
    case .unorderedSet(let draws): "unordered-set:\(draws)"
    case .measureValued: "measure-valued"
    }
  }

  /// The estimator of this name, or the sentence that says what is wrong with it.
  package static func named(_ text: String) -> Result<GradientEstimator, EstimatorNameError> {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let (word, argument) = (parts[0], parts.count > 1 ? parts[1] : nil)
    func plain(_ estimator: GradientEstimator) -> Result<GradientEstimator, EstimatorNameError> {
      argument == nil ? .success(estimator) : .failure(.init("\(word) takes no argument, but has \":\(argument!)\""))
    }
    func tempered(_ make: (Temperature) -> GradientEstimator) -> Result<GradientEstimator, EstimatorNameError> {
      guard let argument else { return .success(make(0.5)) }
      guard let temperature = Temperature(text: argument) else {
        return .failure(
          .init("\(word) takes a positive temperature, or START-END-STEPS of one that falls: \(word):1-0.1-2000, not \"\(argument)\""))
      }
      return .success(make(temperature))
    }
    func counted(_ make: (Int) -> GradientEstimator) -> Result<GradientEstimator, EstimatorNameError> {
      guard let argument else { return .success(make(2)) }
      guard let count = Int(argument), (2...16).contains(count) else {
        return .failure(.init("\(word) takes a number of draws from 2 to 16, not \"\(argument)\""))
      }
      return .success(make(count))
    }
    switch word {
    case "pathwise": return plain(.pathwise)
    case "sticking-the-landing": return plain(.stickingTheLanding)
    case "enumeration": return plain(.enumeration)
    case "straight-through": return plain(.straightThrough)
    case "reinmax": return plain(.reinMax)
    case "arm": return plain(.arm)
    case "disarm": return plain(.disarm)
    case "measure-valued": return plain(.measureValued)
    case "gumbel-softmax": return tempered { .gumbelSoftmax($0) }
    case "straight-through-gumbel": return tempered { .straightThroughGumbel($0) }
    case "gumbel-rao": return tempered { .gumbelRao($0, draws: 10) }
    case "rebar": return tempered { .rebar($0) }
    case "relax": return tempered { .relax($0) }
    case "rloo": return counted { .scoreFunction(.leaveOneOut(draws: $0)) }
    case "unordered-set": return counted { .unorderedSet(draws: $0) }
    case "score-function":
      let baselines: [String: Baseline] = [
        "none": .none, "moving-average": .movingAverage(decay: 0.9), "optimal": .optimal, "learned": .learned,
      ]
      guard let argument else { return .success(.scoreFunction(.none)) }
      guard let baseline = baselines[argument] else {
        return .failure(
          .init(
            "score-function takes a baseline: \(baselines.keys.sorted().joined(separator: ", ")), not \"\(argument)\"; the mean of other draws is rloo:K"
          ))
      }
      return .success(.scoreFunction(baseline))
    default:
      return .failure(.init("there is no estimator \"\(word)\"\(NearestName.hint(word, among: words))"))
    }
  }

  private static let words = [
    "pathwise", "sticking-the-landing", "enumeration", "straight-through", "reinmax", "arm", "disarm", "measure-valued", "gumbel-softmax",
    "straight-through-gumbel", "gumbel-rao", "rebar", "relax", "rloo", "unordered-set", "score-function",
  ]
}

/// What is wrong with the name of an estimator.
package struct EstimatorNameError: Error, CustomStringConvertible, Equatable {
  package let description: String
  package init(_ sentence: String) { description = sentence }
}

extension Temperature: CustomStringConvertible {
  /// `0.5`, or `1.0-0.1-2000`.
  public var description: String { start == end ? "\(end)" : "\(start)-\(end)-\(steps)" }

  init?(text: String) {
    let numbers = text.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    switch numbers.count {
    case 1: self = .constant(numbers[0])
    case 3:
      guard let steps = Int(exactly: numbers[2]) else { return nil }
      self = .annealed(from: numbers[0], to: numbers[1], over: steps)
    default: return nil
    }
    guard isLegal else { return nil }
  }
}
