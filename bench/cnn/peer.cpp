/// The network of cnn_kind in libtorch, on the rows that the bench wrote. Prints one line: seconds
/// per epoch, held-out loss, accuracy, microseconds for a single row, nanoseconds per row of a
/// batch. Usage: bench_cnn_peer FOLDER WIDTH CLASSES EPOCHS
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class T>
std::vector<T> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<T> values(static_cast<std::size_t>(file.tellg()) / sizeof(T));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(T)));
  return values;
}

struct Table {
  torch::Tensor rows, labels;
  Table(const std::string& path, int width) {
    const auto values = read<float>(path + ".f32");
    const auto classes = read<std::uint16_t>(path + ".u16");
    rows = torch::tensor(values).reshape({-1, width});
    labels = torch::tensor(std::vector<std::int64_t>(classes.begin(), classes.end()));
  }
};

struct Net : torch::nn::Module {
  Net(int width, int classes) {
    conv =
        register_module("conv", torch::nn::Conv1d(torch::nn::Conv1dOptions(1, 32, 3).padding(1)));
    hidden = register_module("hidden", torch::nn::Linear(32 * (width / 2), 64));
    last = register_module("last", torch::nn::Linear(64, classes));
    drop = register_module("drop", torch::nn::Dropout(0.1));
    for (torch::nn::Module* module : {static_cast<torch::nn::Module*>(conv.get()),
                                      static_cast<torch::nn::Module*>(hidden.get()),
                                      static_cast<torch::nn::Module*>(last.get())}) {
      torch::nn::init::kaiming_normal_(module->named_parameters()["weight"]);
      torch::nn::init::zeros_(module->named_parameters()["bias"]);
    }
  }
  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool1d(torch::relu(conv(x.unsqueeze(1))), 2).flatten(1);
    return last(drop(torch::relu(hidden(x))));
  }
  torch::nn::Conv1d conv{nullptr};
  torch::nn::Linear hidden{nullptr}, last{nullptr};
  torch::nn::Dropout drop{nullptr};
};

double learn(Net& net, const Table& train, int epochs) {
  torch::optim::Adam adam(net.parameters(), torch::optim::AdamOptions(1e-3));
  const std::int64_t count = train.rows.size(0);
  net.train();
  const double start = now();
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const torch::Tensor order = torch::randperm(count);
    for (std::int64_t from = 0; from < count; from += 256) {
      const torch::Tensor rows = order.slice(0, from, std::min<std::int64_t>(count, from + 256));
      const torch::Tensor loss = torch::nn::functional::cross_entropy(
          net.forward(train.rows.index_select(0, rows)), train.labels.index_select(0, rows));
      adam.zero_grad();
      loss.backward();
      adam.step();
    }
  }
  return (now() - start) / epochs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string folder = argv[1];
  const int width = std::atoi(argv[2]);
  torch::set_num_threads(1);
  torch::manual_seed(1);
  const Table train(folder + "/train", width), test(folder + "/test", width);
  Net net(width, std::atoi(argv[3]));
  const double epoch = learn(net, train, std::atoi(argv[4]));
  net.eval();
  torch::NoGradGuard guard;
  const torch::Tensor logits = net.forward(test.rows);
  const double loss = torch::nn::functional::cross_entropy(logits, test.labels).item<double>();
  const double accuracy = logits.argmax(1).eq(test.labels).to(torch::kFloat).mean().item<double>();
  const torch::Tensor one = test.rows.slice(0, 0, 1).clone();
  double single = 1e9, batch = 1e9;
  for (int round = 0; round < 5; ++round) {
    double start = now();
    for (int i = 0; i < 1000; ++i) torch::softmax(net.forward(one), 1);
    single = std::min(single, (now() - start) / 1000);
    start = now();
    for (std::int64_t i = 0; i < 10; ++i) {
      torch::softmax(net.forward(test.rows.slice(0, i * 1024, (i + 1) * 1024)), 1);
    }
    batch = std::min(batch, (now() - start) / 10240);
  }
  std::printf("%f %f %f %f %f\n", epoch, loss, accuracy, single * 1e6, batch * 1e9);
  return 0;
}
