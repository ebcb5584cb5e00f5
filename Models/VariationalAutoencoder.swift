import Credence

/// A variational autoencoder of small black-and-white pictures (Kingma and Welling 2014): 20 numbers for each picture, a decoder
/// 20–200–784 that gives every pixel its log-odds, and an encoder 784–200–(20, 20) as guide. Made for `--minibatch images=128`.
struct VariationalAutoencoder: ModelWithExample, ModelWithGuide {
  /// [pictures, pixels], 0 or 1.
  let images: Tensor

  static let summary = "variational autoencoder of pictures of digits; try --method vi --minibatch images=128"
  static let latents = 20
  static let hidden = 200

  static var example: VariationalAutoencoder { VariationalAutoencoder(images: SyntheticDigits.images(count: 1024, seed: 1)) }

  func body(_ p: Program) throws {
    let pixels = images.shape.last ?? 0
    let decoder = Perceptron(p, "decoder", sizes: [Self.latents, Self.hidden, pixels], activation: .softplus, seed: 1)
    p.plate("images", images.shape[0]) { i in
      let z = p.sample("z", Normal(0, sd: 1).repeated(Self.latents))
      p.observe("image", Bernoulli(logits: decoder(z)), images[i])
    }
  }

  static let guide = Guide<VariationalAutoencoder> { q, data in
    let pixels = data.images.shape.last ?? 0
    let encoder = Dense(q, "encoder", inputs: pixels, outputs: hidden, activation: .softplus, seed: 2)
    let location = Dense(q, "location", inputs: hidden, outputs: latents, seed: 3)
    let logScale = Dense(q, "logScale", inputs: hidden, outputs: latents, seed: 4)
    q.plate("images", data.images.shape[0]) { i in
      let h = encoder(data.images[i])
      q.sample("z", Normal(location(h), sd: exp(logScale(h))))
    }
  }
}
