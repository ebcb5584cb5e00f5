import Credence

/// A variational autoencoder whose code is ten digits from 0 to 7 in place of real numbers (Jang, Gu & Poole 2017; Maddison, Mnih & Teh 2017):
/// a decoder 80–100–196 reads them one-hot, an encoder 196–100–80 gives them their probabilities.
///
/// `credence estimators discrete-autoencoder --curves curves.svg --minibatch images=50 --steps 3000` trains it with six estimators.
struct DiscreteAutoencoder: ModelWithExample, ModelWithGuide, ModelWithTestData {
  /// [pictures, pixels], 0 or 1.
  let images: Tensor

  static let summary = "variational autoencoder with a discrete code; try --method vi --minibatch images=50"
  static let (latents, classes, hidden) = (10, 8, 100)

  static var example: DiscreteAutoencoder { DiscreteAutoencoder(images: SyntheticDigits.images(count: 400, side: 14, seed: 1)) }
  static var testData: DiscreteAutoencoder { DiscreteAutoencoder(images: SyntheticDigits.images(count: 200, side: 14, seed: 2)) }

  func body(_ p: Program) throws {
    let pixels = images.shape.last ?? 0
    let decoder = Perceptron(p, "decoder", sizes: [Self.latents * Self.classes, Self.hidden, pixels], activation: .softplus, seed: 1)
    p.plate("images", images.shape[0]) { i in
      let code = p.plate("latents", Self.latents) { _ in p.sample("z", Categorical(logits: Tensor.zeros([Self.classes]))) }
      let bits = oneHot(code, Self.classes).reshaped(to: [Self.latents * Self.classes])
      p.observe("image", Bernoulli(logits: decoder(bits)), images[i])
    }
  }

  static let guide = Guide<DiscreteAutoencoder> { q, data in
    let pixels = data.images.shape.last ?? 0
    let encoder = Perceptron(q, "encoder", sizes: [pixels, hidden, latents * classes], activation: .softplus, seed: 2)
    q.plate("images", data.images.shape[0]) { i in
      let logits = encoder(2 * data.images[i] - 1).reshaped(to: [latents, classes])
      q.plate("latents", latents) { l in
        q.sample("z", Categorical(logits: logits[l]), gradient: .scoreFunction(baseline: .leaveOneOut(draws: 2)))
      }
    }
  }
}
