import Differentiation
import Foundation
import Kernels
import Modeling

/// How bad a finding is: `fail` for what makes every result wrong, `caution` for what a reader has to look at, `note` for what is good to know.
package enum CheckGrade: String, Codable, Sendable, CaseIterable, Comparable {
  case ok, note, caution, fail
  package static func < (a: CheckGrade, b: CheckGrade) -> Bool { allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)! }
}

/// One thing that was looked at.
package struct CheckFinding: Sendable, Equatable {
  /// What was looked at: `gradients`, `prior predictive`, `flat directions`, …
  package var check: String
  package var grade: CheckGrade
  /// A sentence or more.
  package var text: String
  /// Numbers behind it, by name.
  package var numbers: [(name: String, value: Double)] = []
  /// The site that is better sampled as a standard variable.
  package var nonCentering: NonCentering?
  /// What to write in the place of what.
  package var suggestion: CodeSuggestion?

  package init(_ check: String, _ grade: CheckGrade, _ text: String, numbers: [(name: String, value: Double)] = []) {
    self.check = check
    self.grade = grade
    self.text = text
    self.numbers = numbers
  }

  package static func == (a: CheckFinding, b: CheckFinding) -> Bool {
    a.check == b.check && a.grade == b.grade && a.text == b.text && a.numbers.elementsEqual(b.numbers) { $0 == $1 }
      && a.nonCentering == b.nonCentering && a.suggestion == b.suggestion
  }
}

/// A change of a model's code.
package struct CodeSuggestion: Sendable, Equatable {
  /// `EightSchools.swift:12`.
  package var place: String
  package var before, after: String
  package init(place: String, before: String, after: String) {
    self.place = place
    self.before = before
    self.after = after
  }
}

/// A latent site that is better sampled as a standard variable, from which scale and location make the value.
package struct NonCentering: Sendable, Equatable {
  package var source: SourceLine
  /// The site's name as it stands in the body, without scopes and sequences.
  package var literal: String
  package var distribution: String
  /// Whether the value is one number, for one element of all plates and one step.
  package var isScalar: Bool

  package init(source: SourceLine, literal: String, distribution: String, isScalar: Bool) {
    self.source = source
    self.literal = literal
    self.distribution = distribution
    self.isScalar = isScalar
  }

  /// The change in words of the body, m and s standing for location and scale. Nil for a vector with a factor.
  package var suggestion: CodeSuggestion? {
    let standard: String
    switch distribution {
    case "Normal", "LogNormal": standard = "Normal(0, sd: 1)"
    case "Cauchy", "Laplace", "Logistic": standard = "\(distribution)(0, scale: 1)"
    case "StudentT": standard = "StudentT(df: n, 0, scale: 1)"
    default: return nil
    }
    let label = ["Normal", "LogNormal"].contains(distribution) ? "sd" : "scale"
    let written = "\(distribution)(\(distribution == "StudentT" ? "df: n, " : "")m, \(label): s)"
    let shifted = "m + s * p.sample(\"\(literal)_raw\", \(standard)\(isScalar ? "" : ".repeated(…)"))"
    return CodeSuggestion(
      place: "\(source.file):\(source.line)", before: "p.sample(\"\(literal)\", \(written))",
      after: distribution == "LogNormal" ? "exp(\(shifted))" : shifted)
  }
}

/// What can be known about a model with its data before any inference.
package struct ModelCheck<M: Model>: Sendable {
  package let model: M
  package let compiled: CompiledModel<M>
  package let seed: UInt64
  /// Draws from the prior.
  package let draws: Int
  package let threads: Int
  package let stop: FitStop

  static var purpose: UInt32 { 0x4348 }

  /// Throws ``ModelError``, or what the body throws.
  package init(_ model: M, seed: UInt64, draws: Int, threads: Int, stop: FitStop) throws {
    self.model = model
    compiled = try CompiledModel(model)
    self.seed = seed
    self.draws = draws
    self.threads = threads
    self.stop = stop
  }

  /// All findings, in the order of printing. Throws what the body throws, and `CancellationError` when stopped.
  package func run() throws -> [CheckFinding] {
    var findings = [gradients(), try self.priorPredictive()].flatMap { $0 }
    try checkStop()
    findings += impropriety()
    findings += reach()
    findings.append(try flatDirections())
    try checkStop()
    findings += try funnels()
    findings += cost()
    return findings
  }

  func checkStop() throws { if stop.isRaised { throw CancellationError() } }

  // MARK: - Gradients

  /// Derivatives along coordinates and along random directions against central differences of two widths, whose disagreement says what they are worth.
  private func gradients() -> [CheckFinding] {
    let n = compiled.dimension
    guard n > 0 else { return [withoutCoordinates()] }
    guard let evaluator = try? compiled.makeEvaluator(lanes: 1) else {
      return [CheckFinding("gradients", .fail, "the density has no gradient.")]
    }
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: Self.purpose))
    let start = compiled.initialPosition
    let names = compiled.coordinateNames
    var (points, finite, tried, worst) = (0, 0, 0, 0.0)
    var wrong: (name: String, gradient: Double, difference: Double)?
    func value(_ u: [Double]) -> (value: Double, gradient: [Double]) {
      var value = [0.0]
      var gradient = [Double](repeating: 0, count: n)
      evaluator.evaluate(positions: u, values: &value, gradients: &gradient)
      return (value[0], gradient)
    }
    while finite < 5, points < 50 {
      let radius = points == 0 ? 0.1 : 1.5
      let u = start.map { ($0 ?? 0) + radius * (2 * stream.nextUniform() - 1) }
      points += 1
      let here = value(u)
      guard here.value.isFinite, here.gradient.allSatisfy(\.isFinite) else { continue }
      finite += 1
      let coordinates = n <= 40 ? Array(0..<n) : (0..<32).map { _ in Int(stream.nextInteger(below: UInt64(n))) }
      var directions: [(name: String, vector: [Double])] = coordinates.map { k in
        (names[k], (0..<n).map { $0 == k ? 1 : 0 })
      }
      for _ in 0..<3 { directions.append(("a random direction", (0..<n).map { _ in stream.nextNormal() / Double(n).squareRoot() })) }
      for (name, direction) in directions {
        let h = 1e-4 * (1 + zip(u, direction).reduce(0) { max($0, abs($1.0 * $1.1)) })
        func along(_ step: Double) -> Double { value(zip(u, direction).map { $0 + step * $1 }).value }
        func central(_ step: Double) -> Double { (along(step) - along(-step)) / (2 * step) }
        let (wide, narrow) = (central(h), central(h / 2))
        let difference = (4 * narrow - wide) / 3
        let derivative = zip(here.gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
        guard difference.isFinite else { continue }
        tried += 1
        let size = max(1, abs(derivative))
        var doubt = abs(narrow - wide) + 40 * Double.ulpOfOne * max(1, abs(here.value)) / h
        let error = abs(difference - derivative)
        if error > 1e-5 * size + doubt { doubt += 10 * ComputationalNoise.standardDeviation(spacing: 1e-6 * h, along) / h }
        worst = max(worst, max(0, error - doubt) / size)
        if error > 1e-5 * size + doubt, wrong == nil { wrong = (name, derivative, difference) }
      }
    }
    guard finite > 0 else {
      return [
        CheckFinding(
          "gradients", .fail,
          "the log density is not finite at any of \(points) points around the start: the data are impossible for what the body says, or a number overflows."
        )
      ]
    }
    if let wrong {
      return [
        CheckFinding(
          "gradients", .fail,
          "the derivative by \(wrong.name) is \(wrong.gradient.brief()) where differences give \(wrong.difference.brief()): look at the derivatives of your own nodes, and for jumps."
        )
      ]
    }
    let rest = points > finite ? "; at \(points - finite) of \(points) points around the start the density is not finite" : ""
    return [
      CheckFinding(
        "gradients", points - finite > 10 ? .caution : .ok, "\(tried) derivatives at \(finite) points agree with differences\(rest).",
        numbers: [("derivatives", Double(tried)), ("points", Double(finite)), ("excess_error", worst)])
    ]
  }

  /// What is to be said of a model without continuous unknowns.
  private func withoutCoordinates() -> CheckFinding {
    let sites = compiled.recorded.summation?.sites.map(\.name) ?? []
    guard !sites.isEmpty else {
      return CheckFinding("gradients", .note, "there are no unknowns: infer computes the outputs at the values given, whatever the method.")
    }
    return CheckFinding(
      "gradients", .note,
      "there are no continuous unknowns: with \(sites.joined(separator: ", ")) summed out infer gives the exact posterior, whatever the method."
    )
  }

  // MARK: - The prior

  private func impropriety() -> [CheckFinding] {
    let flat = compiled.recorded.sites.filter { ($0.role == .latent && $0.distribution == "Flat") || $0.role == .parameter }.map(\.name)
    guard !flat.isEmpty else { return [] }
    let isObserved = compiled.recorded.sites.contains { $0.role == .observed || $0.role == .factor }
    return [
      CheckFinding(
        "priors", isObserved ? .note : .fail,
        "\(flat.joined(separator: ", ")) \(flat.count == 1 ? "has" : "have") no proper prior\(isObserved ? ": the data alone must keep \(flat.count == 1 ? "it" : "them") in place." : ", and nothing is observed: there is no posterior.")"
      )
    ]
  }

  // MARK: - What is used

  /// Latent sites from which no path leads to an observation or a factor.
  private func reach() -> [CheckFinding] {
    let recorded = compiled.recorded
    let evidence = recorded.sites.filter { $0.role == .observed || $0.role == .factor }
    guard !evidence.isEmpty else {
      return [CheckFinding("data", .note, "nothing is observed: the posterior is the prior.")]
    }
    var known = Set(
      Node.reachable(
        from: evidence.flatMap { [$0.logDensity].compactMap { $0 } + $0.tables.map(\.node) }
          + [recorded.summation?.logSum].compactMap { $0 }))
    var open = recorded.freeSites
    var isChanging = true
    while isChanging {
      isChanging = false
      for (index, site) in open.enumerated().reversed() where known.contains(site.unconstrained!.input) {
        open.remove(at: index)
        known.formUnion(Node.reachable(from: [site.logDensity, site.logJacobian].compactMap { $0 }))
        isChanging = true
      }
    }
    guard !open.isEmpty else { return [CheckFinding("data", .ok, "every latent site has a path to what is observed.")] }
    let names = open.map(\.name).joined(separator: ", ")
    return [
      CheckFinding(
        "data", .caution,
        "no path leads from \(names) to anything observed: \(open.count == 1 ? "its posterior is its prior" : "their posteriors are their priors"). Is a term missing?"
      )
    ]
  }

  // MARK: - Cost

  /// Nodes of the graph and seconds a gradient above which a model is worth a look.
  private static var largeGraph: Int { 20_000 }

  private func cost() -> [CheckFinding] {
    var findings: [CheckFinding] = []
    if compiled.isReexecuted {
      findings.append(
        CheckFinding(
          "speed", .note,
          "the body reads a number from a latent variable (item()) and is run anew for each point, which is right but slow; select computes both branches instead."
        ))
    }
    let families = Dictionary(grouping: compiled.recorded.sites.filter { $0.sequence == nil }) { Self.withoutNumbers($0.name) }
    if let (name, sites) = families.filter({ $0.value.count > 30 }).min(by: { $0.key < $1.key }) {
      findings.append(
        CheckFinding(
          "speed", .caution,
          "\(sites.count) sites are called \(name) with a number: a loop of Swift unrolls into as many nodes; a plate, or each for what is sequential, records its body once."
        ))
    }
    if let plan = try? compiled.plan(lanes: 1), plan.instructionCount > Self.largeGraph {
      findings.append(
        CheckFinding(
          "speed", .note, "the plan has \(plan.instructionCount) instructions: if a loop over data is the reason, a plate is faster."))
    }
    if let summation = compiled.recorded.summation, summation.work > 1_000_000 {
      findings.append(
        CheckFinding(
          "speed", .note,
          "summing out \(summation.sites.map(\.name).joined(separator: ", ")) goes through tables of \(summation.work) numbers for each gradient (describe shows the order)."
        ))
    }
    return findings
  }

  /// `theta12`, `theta[12]` ↦ `theta`.
  private static func withoutNumbers(_ name: String) -> String { String(name.filter { !$0.isNumber && !"[],_".contains($0) }) }
}
