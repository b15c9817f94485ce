"""Models of sequences, graphs and tables."""

import math

import neura as nr
from neura import nn
from onnx_model_base import images, model, tokens, vectors

F = nn.functional


class Positions(nn.Module):
    def __init__(self, dim, most=512):
        super().__init__()
        at, rate = nr.arange(most).unsqueeze(1), nr.exp(nr.arange(0, dim, 2) * (-math.log(10000.0) / dim))
        self.register_buffer("pe", nr.stack([nr.sin(at * rate), nr.cos(at * rate)], -1).flatten(1))

    def forward(self, x):
        return x + self.pe[: x.size(1)]


@tokens()
class transformer_encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(20, 8), Positions(8)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
        self.decoder = nn.Linear(8, 20)

    def forward(self, x):
        return self.decoder(self.encoder(self.positions(self.embedding(x) * 8**0.5)))


@model(
    lambda batch, source, target: (nr.randint(0, 20, (batch, source)), nr.randint(0, 20, (batch, target))),
    {"input": {0: "batch", 1: "source"}, "input1": {0: "batch", 1: "target"}},
    {"batch": 2, "source": 5, "target": 4},
    {"batch": 1, "source": 1, "target": 1},
    {"batch": 3, "source": 9, "target": 11},
)
class translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.positions, self.out = nn.Embedding(20, 8), Positions(8), nn.Linear(8, 20)
        self.transformer = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)

    def forward(self, source, target):
        length = target.size(1)
        mask = nr.triu(nr.ones(length, length), diagonal=1).bool()
        source, target = (self.positions(self.embedding(x)) for x in (source, target))
        return self.out(self.transformer(source, target, tgt_mask=mask))


@tokens()
class gpt(nn.Module):
    class Block(nn.Module):
        def __init__(self, dim, heads):
            super().__init__()
            self.heads, self.ln_1, self.ln_2 = heads, nn.LayerNorm(dim), nn.LayerNorm(dim)
            self.c_attn, self.c_proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
            self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(approximate="tanh"), nn.Linear(4 * dim, dim))

        def forward(self, x):
            b, t, c = x.size()
            q, k, v = (
                part.view(b, t, self.heads, c // self.heads).transpose(1, 2)
                for part in self.c_attn(self.ln_1(x)).split(c, dim=2)
            )
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c))
            return x + self.mlp(self.ln_2(x))

    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(20, 8), nn.Embedding(512, 8)
        self.h, self.ln_f = nn.ModuleList([gpt.Block(8, 2), gpt.Block(8, 2)]), nn.LayerNorm(8)
        self.lm_head = nn.Linear(8, 20, bias=False)
        self.wte.weight = self.lm_head.weight

    def forward(self, idx):
        x = self.wte(idx) + self.wpe(nr.arange(idx.size(1)))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


@tokens()
class llama(nn.Module):
    """Rotated positions, heads that share keys, and RMS normalization."""

    def __init__(self):
        super().__init__()
        self.embed, self.norm1, self.norm2 = nn.Embedding(20, 8), nn.RMSNorm(8, eps=1e-6), nn.RMSNorm(8, eps=1e-6)
        self.q, self.k, self.v, self.o = (nn.Linear(8, n, bias=False) for n in (8, 4, 4, 8))
        self.gate, self.up, self.down = (nn.Linear(a, b, bias=False) for a, b in ((8, 16), (8, 16), (16, 8)))
        self.register_buffer("frequencies", 1.0 / 100.0 ** (nr.arange(0, 4, 2) / 4), persistent=False)

    def rotated(self, x, cos, sin):
        half = x.shape[-1] // 2
        return x * cos + nr.cat([-x[..., half:], x[..., :half]], -1) * sin

    def forward(self, ids):
        x = self.embed(ids)
        b, t, _ = x.shape
        angles = nr.outer(nr.arange(t).float(), self.frequencies)
        angles = nr.cat([angles, angles], -1)
        y = self.norm1(x)
        q, k, v = (f(y).view(b, t, -1, 4).transpose(1, 2) for f in (self.q, self.k, self.v))
        q, k = self.rotated(q, angles.cos(), angles.sin()), self.rotated(k, angles.cos(), angles.sin())
        k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, 8)
        x = x + self.o(y)
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


@model(
    lambda batch, length: (
        nr.randint(0, 20, (batch, length)),
        (nr.arange(length) <= nr.arange(batch).unsqueeze(1) + length // 2).long(),
    ),
    {"input": {0: "batch", 1: "length"}, "input1": {0: "batch", 1: "length"}},
    {"batch": 2, "length": 5},
    {"batch": 1, "length": 1},
    {"batch": 3, "length": 9},
)
class bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.word, self.position, self.norm = nn.Embedding(20, 8), nn.Embedding(512, 8), nn.LayerNorm(8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True)
        self.encoder, self.pooler, self.classifier = nn.TransformerEncoder(layer, 2), nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, input_ids, attention_mask):
        x = self.norm(self.word(input_ids) + self.position(nr.arange(input_ids.size(1))))
        x = self.encoder(x, src_key_padding_mask=attention_mask == 0)
        pooled = nr.tanh(self.pooler(x[:, 0]))
        return x * attention_mask.unsqueeze(-1), self.classifier(pooled)


@tokens()
class lstm_tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 6, padding_idx=0)
        self.lstm = nn.LSTM(6, 5, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.hidden2tag = nn.Linear(10, 4)

    def forward(self, sentence):
        out, _ = self.lstm(self.embedding(sentence))
        return F.log_softmax(self.hidden2tag(out), dim=-1)


@tokens()
class gru_classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.gru, self.fc = nn.Embedding(20, 6), nn.GRU(6, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        _, hidden = self.gru(self.embedding(x))
        return self.fc(hidden[-1])


@model(
    lambda batch, length: (nr.randint(0, 20, (length, batch)), nr.randn(1, batch, 5), nr.randn(1, batch, 5)),
    {"input": {0: "length", 1: "batch"}, "input1": {1: "batch"}, "input2": {1: "batch"}},
    {"batch": 2, "length": 5},
    {"batch": 1, "length": 1},
    {"batch": 3, "length": 9},
)
class lstm_language_model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.rnn, self.decoder = nn.Embedding(20, 5), nn.LSTM(5, 5), nn.Linear(5, 20)

    def forward(self, tokens, h, c):
        output, (h, c) = self.rnn(self.encoder(tokens), (h, c))
        return self.decoder(output), h, c


@tokens()
class rnn_classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.fc = nn.Embedding(20, 6), nn.Linear(10, 3)
        self.rnn = nn.RNN(6, 5, nonlinearity="relu", bidirectional=True, batch_first=True, bias=False)

    def forward(self, x):
        output, hidden = self.rnn(self.embedding(x))
        return self.fc(output.mean(1)), nr.cat([hidden[0], hidden[1]], -1)


@model(
    lambda batch, frames: (nr.randn(batch, 1, 16, frames),),
    {"input": {0: "batch", 3: "frames"}},
    {"batch": 2, "frames": 20},
    {"batch": 1, "frames": 33},
    {"batch": 3, "frames": 50},
)
class ctc_speech(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 4, 3, (2, 2), 1), nn.BatchNorm2d(4), nn.Hardtanh(0, 20))
        self.rnn, self.fc = nn.GRU(32, 6, num_layers=2, bidirectional=True), nn.Linear(12, 8)

    def forward(self, x):
        x = self.conv(x)
        n, c, h, t = x.size()
        x = x.view(n, c * h, t).permute(2, 0, 1)
        return F.log_softmax(self.fc(self.rnn(x)[0]), -1)


@model(
    lambda batch, length: (nr.randn(batch, 3, length),),
    {"input": {0: "batch", 2: "length"}},
    {"batch": 2, "length": 9},
    {"batch": 1, "length": 7},
    {"batch": 3, "length": 30},
)
class tcn(nn.Module):
    class Block(nn.Module):
        def __init__(self, inputs, outputs, dilation):
            super().__init__()
            self.padding = 2 * dilation
            self.conv = nn.Conv1d(inputs, outputs, 3, padding=self.padding, dilation=dilation)
            self.downsample = nn.Conv1d(inputs, outputs, 1)

        def forward(self, x):
            y = F.relu(self.conv(x)[:, :, : -self.padding])
            return F.relu(y + self.downsample(x))

    def __init__(self):
        super().__init__()
        self.network, self.linear = nn.Sequential(tcn.Block(3, 6, 1), tcn.Block(6, 6, 2)), nn.Linear(6, 2)

    def forward(self, x):
        return self.linear(self.network(x)[:, :, -1])


@model(
    lambda batch, length: (nr.randn(batch, 1, length),),
    {"input": {0: "batch", 2: "length"}},
    {"batch": 2, "length": 9},
    {"batch": 1, "length": 8},
    {"batch": 3, "length": 21},
)
class wavenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.start, self.end = nn.Conv1d(1, 4, 1), nn.Sequential(nn.ReLU(), nn.Conv1d(4, 8, 1))
        self.filters = nn.ModuleList(nn.Conv1d(4, 8, 2, dilation=d) for d in (1, 2, 4))
        self.skips = nn.ModuleList(nn.Conv1d(4, 4, 1) for _ in range(3))

    def forward(self, x):
        x, total = self.start(x), 0
        for filter_, skip, dilation in zip(self.filters, self.skips, (1, 2, 4)):
            a, b = filter_(F.pad(x, (dilation, 0))).chunk(2, 1)
            y = nr.tanh(a) * nr.sigmoid(b)
            total, x = total + skip(y), x + y
        return self.end(total).softmax(1)


@vectors(6)
def mlp():
    return nn.Sequential(nn.Linear(6, 8), nn.Mish(), nn.BatchNorm1d(8), nn.Linear(8, 8), nn.Softplus(), nn.Linear(8, 3))


@images(16)
class mlp_mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches, self.norm1, self.norm2 = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8), nn.LayerNorm(8)
        self.mix_tokens = nn.Sequential(nn.Linear(16, 12), nn.GELU(), nn.Linear(12, 16))
        self.mix_channels = nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = x + self.mix_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.mix_channels(self.norm2(x))
        return self.head(x.mean(dim=1))


@model(
    lambda batch: (nr.randn(batch, 1, 8, 8), nr.randn(batch, 1, 8, 8)),
    {"input": {0: "batch"}, "input1": {0: "batch"}},
    {"batch": 2},
    {"batch": 1},
    {"batch": 5},
)
class siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.SELU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(36, 4))

    def forward(self, a, b):
        a, b = F.normalize(self.net(a)), F.normalize(self.net(b))
        return F.pairwise_distance(a, b), F.cosine_similarity(a, b)


@model(
    lambda rays: (nr.randn(rays, 3), nr.randn(rays, 3)),
    {"input": {0: "rays"}, "input1": {0: "rays"}},
    {"rays": 4},
    {"rays": 1},
    {"rays": 13},
)
class nerf(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(15, 8), nn.Linear(8 + 15, 8)])
        self.alpha, self.feature, self.rgb = nn.Linear(8, 1), nn.Linear(8, 8), nn.Linear(8 + 3, 3)

    def forward(self, points, directions):
        encoded = nr.cat([points] + [f(points * 2.0**i) for i in range(2) for f in (nr.sin, nr.cos)], -1)
        h = F.relu(self.layers[0](encoded))
        h = F.relu(self.layers[1](nr.cat([h, encoded], -1)))
        colour = self.rgb(nr.cat([self.feature(h), directions], -1))
        return nr.cat([nr.sigmoid(colour), F.relu(self.alpha(h))], -1)


@model(
    lambda nodes, edges: (nr.randn(nodes, 4), nr.randint(0, nodes, (2, edges))),
    {"input": {0: "nodes"}, "input1": {1: "edges"}},
    {"nodes": 5, "edges": 8},
    {"nodes": 1, "edges": 1},
    {"nodes": 9, "edges": 30},
    since=16,
)
class graph_convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Linear(4, 6), nn.Linear(6, 3)

    def propagate(self, x, edges):
        source, target = edges[0], edges[1]
        degree = nr.zeros(x.size(0)).scatter_add(0, target, nr.ones(target.size(0))) + 1
        messages = x.index_select(0, source) * degree.index_select(0, source).rsqrt().unsqueeze(1)
        index = target.unsqueeze(1).expand(-1, x.size(1))
        total = nr.zeros_like(x).scatter_add(0, index, messages)
        return (total + x) * degree.rsqrt().unsqueeze(1)

    def forward(self, x, edges):
        x = F.relu(self.propagate(self.conv1(x), edges))
        return F.log_softmax(self.propagate(self.conv2(x), edges), dim=1)


@tokens(since=16)
class embedding_bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.bag, self.fc = nn.EmbeddingBag(20, 6, mode="mean"), nn.Linear(6, 3)

    def forward(self, x):
        return self.fc(self.bag(x))


@model(
    lambda batch: (nr.randn(batch, 4), nr.randint(0, 5, (batch, 3))),
    {"input": {0: "batch"}, "input1": {0: "batch"}},
    {"batch": 2},
    {"batch": 1},
    {"batch": 7},
)
class wide_and_deep(nn.Module):
    """A recommender: numbers and categories."""

    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(5, 3) for _ in range(3))
        self.deep = nn.Sequential(nn.Linear(13, 8), nn.ReLU(), nn.Linear(8, 1))
        self.wide = nn.Linear(4, 1)

    def forward(self, numbers, categories):
        embedded = [table(categories[:, i]) for i, table in enumerate(self.tables)]
        pairs = sum((a * b).sum(-1, keepdim=True) for i, a in enumerate(embedded) for b in embedded[:i])
        return nr.sigmoid(self.wide(numbers) + self.deep(nr.cat([numbers, *embedded], 1)) + pairs)


@model(
    lambda batch: (nr.rand(batch, 4, 12, 12),), {"input": {0: "batch"}}, {"batch": 2}, {"batch": 1}, {"batch": 3}
)
class dueling_dqn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(4, 6, 4, 2), nn.ReLU(), nn.Conv2d(6, 6, 3, 1), nn.ReLU())
        self.value, self.advantage = nn.Linear(54, 1), nn.Linear(54, 4)

    def forward(self, x):
        x = self.conv(x).flatten(1)
        advantage = self.advantage(x)
        q = self.value(x) + advantage - advantage.mean(1, keepdim=True)
        return q, q.argmax(1)
