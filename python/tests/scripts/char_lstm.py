"""A character model with an LSTM whose state goes from piece to piece, and clipped gradients."""

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid, nlayers):
        super(RNNModel, self).__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid, nlayers)
        self.decoder = nn.Linear(nhid, ntoken)
        self.nhid, self.nlayers = nhid, nlayers
        self.init_weights()

    def init_weights(self):
        self.encoder.weight.data.uniform_(-0.1, 0.1)
        self.decoder.bias.data.zero_()
        self.decoder.weight.data.uniform_(-0.1, 0.1)

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.encoder(input), hidden)
        decoded = self.decoder(output.view(output.size(0) * output.size(1), output.size(2)))
        return decoded.view(output.size(0), output.size(1), decoded.size(1)), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters()).data
        return (
            Variable(weight.new(self.nlayers, bsz, self.nhid).zero_()),
            Variable(weight.new(self.nlayers, bsz, self.nhid).zero_()),
        )


def repackage_hidden(h):
    return h.detach() if isinstance(h, torch.Tensor) else tuple(repackage_hidden(v) for v in h)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data.narrow(0, 0, nbatch * bsz).view(bsz, -1).t().contiguous()


def build():
    return RNNModel(12, 10, 16, 2)


def train(model):
    text = "the quick brown fox jumps over the lazy dog and runs away from it " * 12
    vocabulary = {c: i % 12 for i, c in enumerate(sorted(set(text)))}
    data = batchify(torch.tensor([vocabulary[c] for c in text]), 8)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
    hidden = model.init_hidden(8)
    losses = []
    bptt = 8
    for i in range(0, data.size(0) - 1 - bptt, bptt):
        inputs, targets = data[i : i + bptt], data[i + 1 : i + 1 + bptt].view(-1)
        hidden = repackage_hidden(hidden)
        model.zero_grad()
        output, hidden = model(inputs, hidden)
        loss = criterion(output.view(-1, 12), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        losses.append(float(loss))
    return losses
