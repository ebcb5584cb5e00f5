import Differentiation
import Distributions

/// What is collected while a body runs.
final class Recording {
  enum Mode: Sendable {
    /// Latent sites become unconstrained inputs.
    case density
    /// Latent sites without a value from outside are drawn from their priors, and observed sites are drawn anew.
    case simulation
  }

  /// The volume that the density of free sites is relative to: of unconstrained vectors (with the Jacobian) or of the sites' own values.
  enum Volume: Sendable { case unconstrained, constrained }

  /// What is wanted of a recording from outside of the model.
  struct Options: Sendable {
    var mode = Mode.density
    var volume = Volume.unconstrained
    /// Plate name → elements present at a time.
    var minibatch: [String: Int] = [:]
    /// Values from a guide, by site.
    var drawn: [String: Tensor] = [:]
    /// Whether `drawn` are draws of a posterior that a simulation goes on from: a latent site that is missing among them is a mistake, one
    /// among them that the model does not have is none.
    var isPosterior = false
    /// Sites of whole numbers that a guide draws, in a recording that is made for comparison only.
    var awaited: Set<String> = []
    /// Unconstrained inputs that were made before, by site: re-executions of one model share theirs.
    var known: [String: Node] = [:]
    /// Minibatch numbers that were made before, by plate.
    var knownSubsets: [String: Node] = [:]
    /// The coordinates in which latent sites are moved.
    var parameterization = Parameterization.asWritten
    /// Whether the parts of sites' coordinates are wanted (``SiteCoordinates/values``).
    var reportsCoordinates = false
    /// Whether the log densities of single elements of observed sites are wanted (``Site/pointwise``).
    var isPointwise = false
  }

  let options: Options
  let mode: Mode
  /// Whether sites that are summed out are drawn from their posterior for the results, which a second execution then has.
  let drawsSummedOut: Bool
  let draws = DrawSource(firstSite: 0)
  var sites: [Site] = []
  var outputs: [(name: String, value: Tensor)] = []
  var plates: [String: (plate: Plate, id: UInt64)] = [:]
  var plateOrder: [String] = []
  /// Sequences along which summed-out sites are carried, and what ties their carries to the sites.
  var chains: [HiddenChain] = []
  var links: [PlatedElimination.Term] = []
  /// Inputs made in this recording, by site: a part that is recorded twice has one for both.
  private var inputs: [String: Node] = [:]
  var given: [String: Program.Given] = [:]
  /// Whether observed sites are left out of the density.
  var dropsLikelihood = false
  /// Sites whose values from outside are for plates of another size, so that they are drawn from their priors.
  var redrawn: [String] = []
  /// Sites of sequences whose values from outside are for another number of steps.
  var resized: [ResizedSite] = []
  private(set) var problems: [ModelError.Problem] = []
  private var names: [String: SourceLine] = [:]
  private var taken: Set<String> = []
  private var nextPlate: UInt64 = 0

  init(_ options: Options = Options(), drawsSummedOut: Bool = false) {
    self.options = options
    mode = options.mode
    self.drawsSummedOut = drawsSummedOut
    for (name, value) in options.drawn { given[name] = Program.Given(value: value, kind: .drawn) }
  }

  func report(_ site: String?, _ source: SourceLine?, _ sentence: String) {
    let problem = ModelError.Problem(site: site, at: source, sentence)
    if !problems.contains(problem) { problems.append(problem) }
  }

  /// Registers a site's name; a second site of that name is a mistake.
  func isNew(_ name: String, _ source: SourceLine) -> Bool {
    if let first = names[name] {
      report(name, source, "the name is taken by the site at \(first.file):\(first.line)")
      return false
    }
    names[name] = source
    return true
  }

  func take(_ name: String) -> Program.Given? {
    guard let found = given[name] else { return nil }
    taken.insert(name)
    return found
  }

  /// What has been recorded so far, to come back to when a part is recorded again.
  struct Mark {
    fileprivate let sites: [Site]
    fileprivate let outputs: [(name: String, value: Tensor)]
    fileprivate let names: [String: SourceLine]
    fileprivate let taken: Set<String>
  }
  func mark() -> Mark { Mark(sites: sites, outputs: outputs, names: names, taken: taken) }
  func rewind(to mark: Mark) {
    sites = mark.sites
    outputs = mark.outputs
    names = mark.names
    taken = mark.taken
  }

  /// The input that holds a site's unconstrained values.
  func unconstrained(_ name: String, valueShape: [Int], _ bijection: any Bijection, _ program: Recorder, initial: Tensor? = nil)
    -> (tensor: Tensor, block: Site.Unconstrained)
  {
    let own = bijection.unconstrainedShape(for: valueShape)
    let shape = (program.loop.map { [$0.length] } ?? program.steps.map { [$0.axis.size] } ?? []) + own
    let axes = program.axes.filter { $0 != program.steps?.axis }
    let full = shape + axes.map(\.size)
    let input = [options.known[name], inputs[name]].compactMap { $0 }.first { $0.shape == full } ?? .input(name, shape: full)
    inputs[name] = input
    var order: [Int]?
    if !shape.isEmpty, !axes.isEmpty {
      let strides = Node.strides(full)
      let places = (0..<input.count).map(Double.init)
      let moved = Array(strides[shape.count...]) + strides[..<shape.count]
      order = Node.walk(places, axes.map(\.size) + shape, moved).map { Int($0) }
    }
    let all = Tensor(input, plates: axes)
    let point = program.loop?.part(of: all) ?? program.steps.map { all[$0] } ?? all
    let start = initial.flatMap { try? Evaluation.values(of: [program.outside($0).node])[0] }
    return (
      point, Site.Unconstrained(input: input, shape: shape, order: order, initial: start)
    )
  }

  /// A number for a new axis.
  func newAxis() -> UInt64 {
    nextPlate += 1
    return nextPlate
  }

  /// The plate of this name, new or opened before.
  func plate(_ name: String, _ size: Int, _ source: SourceLine, anew: Bool) -> (plate: Plate, id: UInt64) {
    if let known = plates[name], !anew {
      if known.plate.size != size {
        report(nil, source, "plate \"\(name)\" has \(size) elements here and \(known.plate.size) where it was opened first")
      } else {
        return known
      }
    }
    if size < 0 { report(nil, source, "plate \"\(name)\" cannot have \(size) elements") }
    let whole = max(size, 0)
    let wanted = options.minibatch[name]
    if let wanted, wanted < 1 || wanted > whole {
      report(nil, source, "a minibatch of plate \"\(name)\" has 1 to \(whole) elements, not \(wanted)")
    }
    let present = wanted.map { min(max($0, 1), whole) } ?? whole
    let subset = present < whole ? options.knownSubsets[name] ?? .input("minibatch of \(name)", shape: [present]) : nil
    let entry = (Plate(name: name, size: whole, present: present, subset: subset), newAxis())
    if plates[name] == nil {
      plates[name] = entry
      plateOrder.append(name)
    }
    return entry
  }

  /// Looks for what only shows when the body is done: names that were given and do not exist, and recorded mistakes of shapes.
  func finish(outputs returned: [(name: String, value: Tensor)]) {
    let givable = sites.filter { $0.role != .factor }.map(\.name)
    for name in given.keys.sorted() where !taken.contains(name) && !(options.isPosterior && given[name]?.kind == .drawn) {
      report(nil, nil, "a value is given for site \"\(name)\", and the model has no such site\(NearestName.hint(name, among: givable))")
    }
    for name in options.minibatch.keys.sorted() where plates[name] == nil {
      report(
        nil, nil, "a minibatch is asked for plate \"\(name)\", and the model has no such plate\(NearestName.hint(name, among: plateOrder))")
    }
    // Results are those of a second execution, which has values for the sites that are summed out here.
    let resultsFollow = drawsSummedOut && sites.contains(where: \.isSummedOut)
    if !resultsFollow { check(returned) }
    reportMistakes(resultsFollow ? [] : returned, resultsFollow ? [] : outputs)
  }

  private func check(_ returned: [(name: String, value: Tensor)]) {
    for (name, value) in returned {
      if summedOut(value) != nil { continue }
      if let hidden = value.plates.first(where: \.isHidden) {
        report(nil, nil, Recording.dependence("result", name, on: hidden))
      } else if let stray = value.plates.first {
        report(nil, nil, "the result \"\(name)\" is a value from inside plate \(stray.name); return it from the plate's body first")
      } else if let site = sites.first(where: { $0.name == name && $0.role != .factor }), !site.outsideValue.isSameValue(as: value) {
        report(name, site.source, "the body returns something else under this name; give the result another label")
      } else if outputs.contains(where: { $0.name == name }) {
        report(nil, nil, "the result \"\(name)\" has the name of an output")
      }
    }
    for (name, value) in outputs where summedOut(value) == nil {
      if let hidden = value.plates.first(where: \.isHidden) { report(name, nil, Recording.dependence("output", name, on: hidden)) }
    }
  }

  /// The summed-out site that a result is.
  func summedOut(_ value: Tensor) -> Site? { sites.first { $0.isSummedOut && $0.outsideValue.isSameValue(as: value) } }

  private static func dependence(_ kind: String, _ name: String, on hidden: PlateAxis) -> String {
    "the \(kind) \"\(name)\" depends on site \"\(hidden.name)\", which is summed out and has no single value; return the site itself for the probabilities of its values"
  }

  private func reportMistakes(
    _ returned: [(name: String, value: Tensor)], _ outputs: [(name: String, value: Tensor)]
  ) {
    var known: Set<String> = []
    func look(_ name: String?, _ source: SourceLine?, _ nodes: [Node]) {
      for sentence in Evaluation.mistakes(in: nodes) where known.insert(sentence).inserted { report(name, source, sentence) }
    }
    for site in sites {
      // A value that depends on summed-out sites enters through the tables, if at all.
      let value = site.tables.isEmpty ? [site.value.node] : []
      look(site.name, site.source, value + [site.logDensity, site.logJacobian].compactMap { $0 } + site.tables.map(\.node))
    }
    for link in links { look(nil, nil, [link.table.node]) }
    for (name, value) in outputs where summedOut(value) == nil { look(name, nil, [value.node]) }
    for result in returned where summedOut(result.value) == nil { look(nil, nil, [result.value.node]) }
  }
}

/// Checks of data before the first step.
enum DataCheck {
  /// What is wrong with observed values known while recording: not finite, not whole, or outside the support.
  ///
  /// - Parameter noun: what the value is called.
  static func problem(_ value: Tensor, _ support: Support, _ distribution: String, _ noun: String = "the observed value") -> String? {
    guard let known = value.node.knownValues else { return nil }
    func name(_ place: Int) -> String {
      if value.shape.isEmpty { return noun }
      var rest = place
      let index = zip(Node.strides(value.shape), value.shape).map { stride, _ in
        defer { rest %= stride }
        return "\(rest / stride)"
      }
      return "\(noun) at [\(index.joined(separator: ", "))]"
    }
    if let place = known.firstIndex(where: { !$0.isFinite }) {
      return "\(name(place)) is \(known[place]); \(noun == "the observed value" ? "data" : "it") must be finite"
    }
    if support.isDiscrete, let place = known.firstIndex(where: { $0.rounded() != $0 }) {
      return "\(name(place)) is \(known[place]), and \(distribution) takes whole numbers"
    }
    return support.violation(by: value)
  }
}
