import Differentiation
import Distributions

/// What models and guides have in common while their bodies run: plates, scopes and parameters.
public class Recorder {
  let recording: Recording
  var open: [OpenPlate] = []
  var scopes: [String] = []
  /// The sequence whose step is being recorded.
  var loop: OpenLoop?
  /// The steps of the sequence that is being recorded, where they are an open plate.
  var steps: PlateIndex?

  init(_ recording: Recording) { self.recording = recording }

  struct OpenPlate {
    var index: PlateIndex
    var plate: Plate
    var axis: PlateAxis { index.axis }
  }

  var axes: [PlateAxis] { open.map(\.axis) }

  func qualified(_ name: String) -> String { (scopes + [name]).joined(separator: ".") }

  /// An unknown without a prior: estimated as a point by variational inference, flat on its support for samplers.
  public func parameter(
    _ name: String, _ initial: some TensorConvertible, support: Support = .real, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let name = qualified(name)
    let source = SourceLine(file, line)
    let start = initial.tensor
    guard recording.isNew(name, source), belongs(start, name, source) else { return .full(start.shape, .nan) }
    if let given = recording.take(name)?.stretched(to: axes.map(\.size) + start.shape) {
      guard given.value.shape == axes.map(\.size) + start.shape else {
        recording.report(
          name, source,
          "the value given for it has shape \(given.value.shape), and the parameter has shape \(axes.map(\.size) + start.shape)")
        return start
      }
      let inside = open.reduce(given.value) { $0[PlateIndex(axis: $1.axis, fullSize: $1.plate.present)] }
      if let sentence = DataCheck.problem(ofGiven: given.value, inside, support, "the parameter") {
        recording.report(name, source, sentence)
        return start
      }
      recording.sites.append(site(name, .intervened, nil, inside, support: support, source))
      return inside
    }
    if recording.mode == .simulation {
      recording.report(
        name, source,
        recording.missingSentence(name) ?? "a parameter has no prior that it could be drawn from: its values must be given")
      return .full(start.shape, .nan)
    }
    if let loop {
      recording.report(
        name, source, "a parameter inside the steps of \"\(loop.name)\" would belong to each of them; make it before the sequence")
      return .full(start.shape, .nan)
    }
    if let partial = open.first(where: { $0.plate.subset != nil }) {
      recording.report(
        name, source,
        "a parameter inside plate \(partial.plate.name) would belong to the elements of one minibatch; compute it from the data instead")
    }
    guard let bijection = support.bijection else {
      recording.report(name, source, "a parameter cannot be a whole number")
      return .full(start.shape, .nan)
    }
    let free = Tensor(bijection.inverse(start).expanded(to: bijection.inverse(start).shape, plates: axes), plates: axes)
    let point = recording.unconstrained(name, valueShape: start.shape, bijection, self, initial: free)
    let x = bijection.forward(point.tensor)
    let jacobian = bijection.logDeterminant(point.tensor, x)
    recording.sites.append(
      site(
        name, .parameter, nil, x, support: support, source, jacobian: counted(jacobian), unconstrained: point.block))
    return x
  }

  /// The Jacobian's term of the joint density; nil where it is 0, and where the density is that of the values themselves.
  func counted(_ jacobian: Tensor) -> Node? {
    recording.options.volume == .constrained || jacobian.node.splat == 0 ? nil : total(jacobian)
  }

  // MARK: - What a site adds

  func site(
    _ name: String, _ role: Site.Role, _ distribution: String?, _ value: Tensor, support: Support?, _ source: SourceLine,
    density: Node? = nil, jacobian: Node? = nil, unconstrained: Site.Unconstrained? = nil
  ) -> Site {
    Site(
      name: name, role: role, distribution: distribution, shape: value.shape, plates: open.map(\.plate), axes: axes, support: support,
      source: source, value: value, logDensity: density, logJacobian: jacobian, unconstrained: unconstrained)
  }

  /// A value as it will be seen when the open plates are closed.
  func outside(_ x: Tensor) -> Tensor { open.reversed().reduce(x) { $0.leaving($1.axis) } }

  /// The sum over all elements of all open plates, scaled where a plate shows only a minibatch.
  func total(_ term: Tensor) -> Node {
    let scale = open.reduce(1) { $0 * $1.plate.scale }
    let missing = open.filter { !term.plates.contains($0.axis) }.reduce(1) { $0 * Double($1.plate.present) }
    let sum = term.node.total
    return scale * missing == 1 ? sum : (scale * missing) * sum
  }

  /// Whether a tensor varies over open plates only; one that was carried out of a closed plate by a variable is a mistake.
  func belongs(_ x: Tensor, _ name: String, _ source: SourceLine) -> Bool {
    guard let stray = x.plates.first(where: { axis in axis.home.map { !$0.isSubset(of: axes.map(\.id)) } ?? !axes.contains(axis) }) else {
      return true
    }
    if stray.isHidden {
      recording.report(
        name, source, "it uses site \"\(stray.name)\" outside of the plate or sequence in which that is summed out; use it inside")
      return false
    }
    recording.report(
      name, source, "it uses a value from inside plate \(stray.name), which is closed here; return the value from the plate's body")
    return false
  }
}
