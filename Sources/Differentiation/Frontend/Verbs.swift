// Derivatives of functions of tensors. Each verb takes a function and returns a function; the results are tensors again, so verbs compose
// to any order. Inside a plate a derivative is that of each element by itself.

/// A function recorded once at a fresh variable, and where to put the variable's value.
private struct RecordedFunction {
  var variable: Tensor
  var value: Tensor
  let argument: Tensor

  init(_ f: (Tensor) -> Tensor, at x: Tensor) {
    argument = x
    variable = Tensor(.input("variable", shape: x.node.shape), plates: x.plates)
    value = f(variable)
    // A result that varies over more plates than its argument: the argument is repeated over them, so that derivatives stay apart.
    let all = PlateAxis.union([x.plates, value.plates])
    if all != x.plates {
      variable = Tensor(.input("variable", shape: x.shape + all.map(\.size)), plates: all)
      value = f(variable)
    }
    value = Tensor(value.expanded(to: value.shape, plates: all), plates: all)
  }

  /// Nodes in terms of the variable, as tensors in terms of the argument.
  func applied(_ nodes: [Node]) -> [Tensor] {
    let here = argument.expanded(to: argument.shape, plates: variable.plates)
    return Node.substitute(nodes, [variable.node: here]).map { Tensor($0, plates: variable.plates) }
  }

  func pullback(_ cotangent: Node) -> Node {
    Derivatives.pullback(of: [value.node], cotangents: [cotangent], to: [variable.node])[0] ?? .fill(0, shape: variable.node.shape)
  }

  func pushforward(_ tangent: Node) -> Node {
    Derivatives.pushforward(of: [value.node], along: [(variable.node, tangent)])[0] ?? .fill(0, shape: value.node.shape)
  }

  /// The sentence if the value is no scalar.
  func needsScalar(_ verb: String) -> Tensor? {
    value.rank == 0
      ? nil
      : .mistake(
        "\(verb) takes a function with a scalar value, and this returned shape \(value.shapeDescription)", shape: argument.shape,
        from: [value])
  }
}

/// x ↦ (f(x), ∇f(x)) for scalar f; the gradient has the shape of x.
public func valueAndGradient(of f: @escaping (Tensor) -> Tensor) -> (Tensor) -> (value: Tensor, gradient: Tensor) {
  { x in
    let recorded = RecordedFunction(f, at: x)
    if let mistake = recorded.needsScalar("gradient(of:)") { return (mistake, mistake) }
    let both = recorded.applied([recorded.value.node, recorded.pullback(.fill(1, shape: recorded.value.node.shape))])
    return (both[0], both[1])
  }
}

/// x ↦ ∇f(x) for scalar f, of the shape of x.
public func gradient(of f: @escaping (Tensor) -> Tensor) -> (Tensor) -> Tensor {
  let both = valueAndGradient(of: f)
  return { both($0).gradient }
}

/// (x, t) ↦ (f(x), J t), t of the shape of x.
public func jvp(of f: @escaping (Tensor) -> Tensor) -> (_ x: Tensor, _ tangent: Tensor) -> (value: Tensor, tangent: Tensor) {
  { x, t in
    guard t.shape == x.shape else {
      let mistake = Tensor.mistake(
        "jvp(of:): the tangent has shape \(t.shapeDescription), the argument \(x.shapeDescription)", shape: [], from: [x, t])
      return (mistake, mistake)
    }
    let plates = PlateAxis.union([x.plates, t.plates])
    let recorded = RecordedFunction(f, at: Tensor(x.expanded(to: x.shape, plates: plates), plates: plates))
    let both = recorded.applied([recorded.value.node, recorded.pushforward(t.expanded(to: t.shape, plates: recorded.variable.plates))])
    return (both[0], both[1])
  }
}

/// (x, c) ↦ (f(x), Jᵀ c), c of the shape of f(x).
public func vjp(of f: @escaping (Tensor) -> Tensor) -> (_ x: Tensor, _ cotangent: Tensor) -> (value: Tensor, cotangent: Tensor) {
  { x, c in
    let plates = PlateAxis.union([x.plates, c.plates])
    let recorded = RecordedFunction(f, at: Tensor(x.expanded(to: x.shape, plates: plates), plates: plates))
    guard c.shape == recorded.value.shape else {
      let mistake = Tensor.mistake(
        "vjp(of:): the cotangent has shape \(c.shapeDescription), the value \(recorded.value.shapeDescription)", shape: x.shape,
        from: [x, c])
      return (mistake, mistake)
    }
    let both = recorded.applied([recorded.value.node, recorded.pullback(c.expanded(to: c.shape, plates: recorded.variable.plates))])
    return (both[0], both[1])
  }
}

/// x ↦ ∂f/∂x of shape (shape of f(x)) + (shape of x): by rows in reverse or by columns forward, whichever are fewer.
public func jacobian(of f: @escaping (Tensor) -> Tensor) -> (Tensor) -> Tensor {
  { x in
    let recorded = RecordedFunction(f, at: x)
    let plates = recorded.variable.plates
    let (rows, columns) = (recorded.value.count, x.count)
    func unit(_ place: Int, _ shape: [Int]) -> Node {
      let count = shape.reduce(1, *)
      return Tensor((0..<count).map { $0 == place ? 1 : 0 }, shape: shape).expanded(to: shape, plates: plates)
    }
    let shape = recorded.value.shape + x.shape
    guard rows > 0, columns > 0 else { return .zeros(shape) }
    if rows <= columns {
      let parts = recorded.applied((0..<rows).map { recorded.pullback(unit($0, recorded.value.shape)) })
      return stack(parts).reshaped(to: shape)
    }
    let parts = recorded.applied((0..<columns).map { recorded.pushforward(unit($0, x.shape)) })
    return stack(parts.map(\.flattened), axis: 1).reshaped(to: shape)
  }
}

/// x ↦ ∂²f/∂x∂x of shape (shape of x) + (shape of x), for scalar f.
public func hessian(of f: @escaping (Tensor) -> Tensor) -> (Tensor) -> Tensor { jacobian(of: gradient(of: f)) }

/// (x, v) ↦ H(x) v for scalar f, without forming H.
public func hessianVectorProduct(of f: @escaping (Tensor) -> Tensor) -> (_ x: Tensor, _ vector: Tensor) -> Tensor {
  let product = jvp(of: gradient(of: f))
  return { product($0, $1).tangent }
}
