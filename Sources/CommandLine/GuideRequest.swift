import Inference
import Modeling

// Guides that are no Gaussians, and objectives other than the ELBO: from the command line to settings.

extension FitRequest {
  /// The settings of a graph guide, nil where a native Gaussian guide is asked for. Throws `UserError` for what does not go together.
  func graph<M: Model>(ownFamily form: Guide<M>.Form?) throws -> GraphConfiguration? {
    let family: FlatGuideFamily
    switch (request.guide, form) {
    case (.flat(let asked)?, _): family = asked
    case (nil, .flat(let own)?): family = own
    case (.meanField?, _) where isOwnPath, (nil, _) where isOwnPath: family = .diagonal
    case (.fullRank?, _) where isOwnPath: family = .triangular
    case (.lowRank?, _) where isOwnPath:
      throw UserError("Low-rank guides have the ELBO and adam: use full-rank or a flow for another objective or optimizer.")
    default: return nil
    }
    var mistakes: [String] = []
    if !request.estimators.isEmpty { mistakes.append("--estimator is for Gaussian guides with the ELBO, not for \(family.name).") }
    if !request.minibatch.isEmpty { mistakes.append("--minibatch is for Gaussian guides and for programs, not for \(family.name).") }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    var configuration = GraphConfiguration(family)
    configuration.objective = request.objective ?? .elbo
    configuration.particles = request.particles
    configuration.ascent.steps = request.steps
    if let optimizer = request.optimizer, let name = OptimizerName(rawValue: optimizer.name) {
      configuration.ascent.optimizer = name
      configuration.ascent.rate = optimizer.rate
    }
    return configuration
  }

  /// Linear response repairs what the mean-field family leaves out; no other guide has it.
  func fixedDraws<M: Model>() throws -> Method<M> {
    guard request.guide == nil || request.guide == .meanField else {
      throw UserError("--objective fixed-draws is for the mean-field guide, whose covariances it finds by linear response.")
    }
    var mistakes: [String] = []
    if !request.estimators.isEmpty { mistakes.append("--estimator is not for --objective fixed-draws, whose gradient is exact.") }
    if !request.minibatch.isEmpty { mistakes.append("--minibatch is not for --objective fixed-draws.") }
    if request.steps != nil { mistakes.append("--steps is not for --objective fixed-draws, which ends by Newton's method.") }
    if request.optimizer != nil { mistakes.append("--optimizer is not for --objective fixed-draws, which has Newton's method.") }
    guard mistakes.isEmpty else { throw UserError(sentences: mistakes) }
    var configuration = FixedDrawsConfiguration()
    configuration.fixedDraws = request.particles ?? configuration.fixedDraws
    return Method(.approximation(ApproximationConfiguration(.fixedDraws(configuration)), draws: request.draws ?? 4000))
  }

  /// Whether a Gaussian guide is asked for in a way that its fast path does not have.
  private var isOwnPath: Bool {
    (request.objective ?? .elbo) != .elbo || (request.optimizer != nil && request.optimizer?.name != OptimizerName.adam.rawValue)
  }
}

extension InferOptions {
  /// `flow:affine:8`, `mixture:3`, `student`, `structured`; nil where the text names none of these families, after a mistake too.
  static func flatGuide(_ parts: [String], _ reader: inout OptionReader) -> FlatGuideFamily? {
    switch parts[0] {
    case "student", "structured":
      guard parts.count == 1 else {
        reader.fail("--guide \(parts[0]) takes no argument, but has \":\(parts[1])\".")
        return nil
      }
      return parts[0] == "student" ? .student : .structured
    case "mixture":
      guard parts.count == 2, let count = Int(parts[1]), (1...1000).contains(count) else {
        reader.fail("--guide mixture:K expects a whole number from 1 to 1000 for K: mixture:3 for instance.")
        return nil
      }
      return .mixture(count)
    case "flow":
      let names = FlowArchitecture.Kind.allCases.map(\.rawValue)
      let rest = parts.count == 2 ? parts[1].split(separator: ":", omittingEmptySubsequences: false).map(String.init) : []
      guard let first = rest.first, let name = reader.name(first, "--guide flow", among: names),
        let kind = FlowArchitecture.Kind(rawValue: name)
      else {
        if rest.isEmpty { reader.fail("--guide flow needs its kind: flow:spline for instance; there are \(OptionReader.list(names)).") }
        return nil
      }
      guard rest.count <= 2, rest.count == 1 || Int(rest[1]).map({ (1...1000).contains($0) }) == true else {
        reader.fail(
          "--guide flow:\(name):LAYERS expects a whole number from 1 to 1000 for LAYERS, not \"\(rest.dropFirst().joined(separator: ":"))\"."
        )
        return nil
      }
      return .flow(FlowArchitecture(kind, layers: rest.count == 2 ? Int(rest[1]) : nil))
    default: return nil
    }
  }

  /// `elbo`, `iwae:K`, `renyi:A`, `tail-adaptive`, `forward-kl`, `log-variance`, `fixed-draws`.
  static func objective(_ reader: inout OptionReader) -> VariationalObjective? {
    guard let text = reader.arguments.last("--objective") else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let legal = ["elbo", "iwae", "renyi", "tail-adaptive", "forward-kl", "log-variance", "fixed-draws"]
    guard let name = reader.name(parts.first ?? "", "--objective", among: legal) else { return nil }
    switch (name, parts.count) {
    case ("iwae", _):
      guard parts.count == 2, let count = Int(parts[1]), (2...10_000).contains(count) else {
        reader.fail("--objective iwae:K expects a whole number from 2 to 10000 for K: iwae:8 for instance.")
        return nil
      }
      return .iwae(count)
    case ("renyi", _):
      guard parts.count == 2, let alpha = Double(parts[1]), alpha.isFinite else {
        reader.fail("--objective renyi:A expects a number for A: renyi:0.5 for instance.")
        return nil
      }
      return .renyi(alpha)
    case (_, 2):
      reader.fail("--objective \(name) takes no argument, but has \":\(parts[1])\".")
      return nil
    case ("tail-adaptive", _): return .tailAdaptive
    case ("forward-kl", _): return .forwardKL
    case ("log-variance", _): return .logVariance
    case ("fixed-draws", _): return .fixedDraws
    default: return .elbo
    }
  }
}
