import Differentiation
import Distributions

/// The recording of a model's body: what the body says through it becomes a joint density.
///
/// A program is used while its body runs and no longer. Mistakes are collected, not thrown, and reported all together.
public final class Program: Recorder {
  /// How a site gets a value other than by being latent.
  struct Given {
    enum Kind {
      case observed, intervened
      /// Held at this value, whose density counts.
      case fixed
      /// Drawn by a guide: latent, with this value.
      case drawn
    }
    var value: Tensor
    var kind: Kind
    /// Whether a single number stands for all elements of the site.
    var stretches = false

    /// The value in the shape of a site, where it is a number that stands for all elements.
    func stretched(to shape: [Int]) -> Given {
      guard stretches, value.shape.isEmpty, !shape.isEmpty, let number = value.node.knownValues?.first else { return self }
      return Given(value: .full(shape, number), kind: kind)
    }
  }

  func give(_ values: [String: Given]) {
    for (name, given) in values where recording.given[name] == nil { recording.given[name] = given }
  }

  // MARK: - Sites

  /// A latent variable with a prior, in and outside of plates. Whole numbers of which there are finitely many are summed out of the density
  /// exactly: what is returned stands for all of them at once. A value given from outside (``condition(_:_:)``, ``intervene(_:_:)``) takes
  /// its place.
  @discardableResult
  public func sample<D: Distribution>(_ name: String, _ d: D, file: String = #fileID, line: Int = #line) -> D.Value {
    let name = qualified(name)
    let source = SourceLine(file, line)
    guard recording.isNew(name, source) else { return D.Value(drawn: .full(d.shape, .nan)) }
    if let given = recording.take(name) {
      if let value = continued(given, name, d, source) { return value }
      if !isForOtherPlates(given, name, d.shape) { return take(given, as: name, d, source) }
    }
    if recording.options.awaited.contains(name), d.support.isDiscrete { return awaiting(name, d, source) }
    if recording.mode == .simulation { return simulate(name, d, source) }
    guard let bijection = d.support.bijection else { return summingOut(name, d, source) }
    if d is any MixedDistribution {
      recording.report(
        name, source,
        "\(D.name) gives single values a probability and others a density, which is for observed sites; sample the distribution inside of it"
      )
      return D.Value(drawn: .full(d.shape, .nan))
    }
    if let partial = open.first(where: { $0.plate.subset != nil }) {
      recording.report(
        name, source,
        "it is latent inside plate \(partial.plate.name), of which a minibatch is present; give the model a guide that computes it from the data"
      )
    }
    let point = recording.unconstrained(name, valueShape: d.shape, bijection, self)
    let change = coordinateChange(name, d, point.tensor, point.block)
    let v = change?.written ?? point.tensor
    let x = bijection.forward(v)
    let value = D.Value(drawn: x)
    guard isSingle(x, name, source) else { return value }
    if let change, let density = change.logDensity {
      guard belongs(density, name, source) else { return value }
      recording.sites.append(
        site(name, .latent, D.name, x, support: d.support, source, density: total(density), unconstrained: point.block))
    } else {
      add(name, .latent, d, value, support: d.support, source, jacobian: bijection.logDeterminant(v, x), unconstrained: point.block)
    }
    if let change, recording.sites.last?.name == name { recording.sites[recording.sites.count - 1].coordinates = change.coordinates }
    return value
  }

  /// Data: the density of `value` under `d` counts. `value` has the shape of one draw of `d`, or a shape that draws stretch to.
  public func observe<D: Distribution>(
    _ name: String, _ d: D, _ value: some TensorConvertible, file: String = #fileID, line: Int = #line
  ) {
    let name = qualified(name)
    let source = SourceLine(file, line)
    guard recording.isNew(name, source) else { return }
    // Draws of a posterior have nothing to say about what is observed.
    if let given = recording.take(name), given.kind != .drawn {
      if given.kind == .fixed {
        recording.report(name, source, "it is observed, and only a latent site can be held at a value; give it other data instead")
      } else {
        // Other data have the shape of those in the body, which the distribution's draws may have to stretch to.
        _ = take(given, as: name, d, source, shape: value.tensor.shape)
      }
      return
    }
    // A simulation draws observed sites anew, whether or not their density counts.
    if recording.dropsLikelihood, recording.mode == .density { return }
    observe(name, d, value.tensor, source)
  }

  private func observe<D: Distribution>(_ name: String, _ d: D, _ value: Tensor, _ source: SourceLine) {
    guard Tensor.commonShape([d.shape, value.shape]) == value.shape else {
      recording.report(name, source, "the value has shape \(value.shape), and \(D.name) gives values of shape \(d.shape)")
      return
    }
    if recording.mode == .simulation {
      // The data have a shape here, and nothing else: the site is drawn anew.
      addPrediction(of: d, like: value, site(name, .observed, D.name, value, support: d.support, source))
      return
    }
    if let sentence = DataCheck.problem(outside(value), d.support, D.name) {
      recording.report(name, source, sentence)
      return
    }
    add(name, .observed, d, D.Value(drawn: value), support: d.support, source)
  }

  /// A value from outside for the site; `shape` is that of one value, nil for the distribution's own.
  func take<D: Distribution>(_ given: Given, as name: String, _ d: D, _ source: SourceLine, shape: [Int]? = nil) -> D.Value {
    let open = open.filter { $0.axis != steps?.axis }
    let full = fullShape(of: given, shape ?? d.shape)
    let given = given.stretched(to: full)
    guard given.value.shape == full else {
      let plates = open.isEmpty ? "" : " (\(open.map(\.plate.name).joined(separator: ", ")) leading)"
      recording.report(name, source, "the value given for it has shape \(given.value.shape), and the site has shape \(full)\(plates)")
      return D.Value(drawn: d.support.placeholder(d.shape))
    }
    let entered = open.reduce(given.value) { value, plate in
      given.kind == .drawn ? value[PlateIndex(axis: plate.axis, fullSize: plate.plate.present)] : value[plate.index]
    }
    let inside = loop?.part(of: entered) ?? steps.map { entered[$0] } ?? entered
    if given.kind == .intervened || given.kind == .fixed, let sentence = DataCheck.problem(ofGiven: given.value, inside, d.support, D.name)
    {
      recording.report(name, source, sentence)
      return D.Value(drawn: d.support.placeholder(d.shape))
    }
    switch given.kind {
    case .observed: observe(name, d, inside, source)
    case .intervened: recording.sites.append(site(name, .intervened, D.name, inside, support: d.support, source))
    case .fixed: add(name, .intervened, d, D.Value(drawn: inside), support: d.support, source)
    case .drawn: add(name, .latent, d, D.Value(drawn: inside), support: d.support, source)
    }
    return D.Value(drawn: inside)
  }

  /// Adds a log density (or any number to add to the joint's logarithm). Inside a plate: for each element.
  public func factor(_ name: String, _ logDensity: some TensorConvertible, file: String = #fileID, line: Int = #line) {
    let name = qualified(name)
    let source = SourceLine(file, line)
    guard recording.isNew(name, source), belongs(logDensity.tensor, name, source) else { return }
    recording.sites.append(counting(logDensity.tensor, in: site(name, .factor, nil, logDensity.tensor, support: nil, source)))
  }

  /// Something one wants to know besides what the body returns. Inside a plate: one value for each element.
  public func output(_ name: String, _ value: some TensorConvertible, file: String = #fileID, line: Int = #line) {
    let name = qualified(name)
    let source = SourceLine(file, line)
    guard recording.isNew(name, source), belongs(value.tensor, name, source) else { return }
    if let loop {
      recording.report(name, source, "an output inside the steps of \"\(loop.name)\" has no place; return it as a result of the step")
    }
    recording.outputs.append((name, outside(value.tensor)))
  }

  /// A stand-in for the whole numbers that a guide is to draw.
  private func awaiting<D: Distribution>(_ name: String, _ d: D, _ source: SourceLine) -> D.Value {
    let value = D.Value(drawn: Tensor(.input(name, shape: d.shape + axes.map(\.size)), plates: axes))
    add(name, .latent, d, value, support: d.support, source)
    return value
  }

  // MARK: - What a site adds

  func add<D: Distribution>(
    _ name: String, _ role: Site.Role, _ d: D, _ value: D.Value, support: Support, _ source: SourceLine,
    jacobian: Tensor? = nil, unconstrained: Site.Unconstrained? = nil
  ) {
    // A value that came out of the support's bijection is inside.
    let density = unconstrained != nil ? d.logDensity(inside: value) : d.logDensity(of: value)
    guard belongs(density, name, source) else { return }
    let change = jacobian.flatMap { counted($0) }
    let site = site(name, role, D.name, value.tensor, support: support, source, jacobian: change, unconstrained: unconstrained)
    recording.sites.append(counting(density, in: site))
  }
}
