// What the writers of flows write, their decoders read back equal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "base/random.hpp"
#include "codec/codec.hpp"

namespace vedette {
namespace {

Record flow() {
  Record record;
  record.device = "10.0.0.7";
  record.time = time_from_micros(1'767'600'000'000'042);
  record.flow.uid = "CAbc12";
  record.flow.orig_h = "10.0.0.7";
  record.flow.orig_p = 40'000;
  record.flow.resp_h = "1.2.3.4";
  record.flow.resp_p = 443;
  record.flow.proto = Proto::tcp;
  record.seal();
  return record;
}

TEST(FlowWriters, APlainLineIsTheLabelledOneWithoutItsLabels) {
  std::string header;
  append_zeek_plain_header(header);
  EXPECT_EQ(header.find("label"), std::string::npos);
  std::string line;
  append_zeek_plain_line(line, flow());
  EXPECT_EQ(line,
            "1767600000.000042\tCAbc12\t10.0.0.7\t40000\t1.2.3.4\t443\ttcp\t-\t-\t-\t-\t-\t-\t-\t-"
            "\t-\t-\t-\t-\t-\t-\n");
}

TEST(FlowWriters, CsvLines) {
  struct Case {
    const char* what;
    std::function<void(Record&)> change;
    const char* line;
  };
  const Case cases[] = {
      {"nothing set", [](Record&) {},
       "1767600000.000042,CAbc12,10.0.0.7,40000,1.2.3.4,443,tcp,,,,,,,,,,,\n"},
      {"numbers",
       [](Record& r) {
         r.flow.duration = 0.000125;
         r.flow.orig_bytes = 0;
         r.flow.resp_bytes = 9007199254740994;
         r.flow.conn_state = ConnState::SF;
         r.flow.history = "ShAdDafF";
       },
       "1767600000.000042,CAbc12,10.0.0.7,40000,1.2.3.4,443,tcp,,0.000125,0,9007199254740994,SF,,"
       "ShAdDafF,,,,\n"},
      {"texts that need quotes",
       [](Record& r) {
         r.flow.service = "http,ssl";
         r.flow.uid = "say \"hi\"\n";
       },
       "1767600000.000042,\"say \"\"hi\"\" \",10.0.0.7,40000,1.2.3.4,443,tcp,\"http,ssl\",,,,,,,,"
       ",,\n"},
  };
  for (const Case& one : cases) {
    Record record = flow();
    one.change(record);
    std::string line;
    append_csv_line(line, record);
    EXPECT_EQ(line, one.line) << one.what;
  }
}

double any_number(Random& random) {
  switch (random.below(4)) {
    case 0:
      return not_set;
    case 1:
      return static_cast<double>(random.below(1'000'000));
    case 2:
      return random.uniform(0, 1e-3);
    default:
      return random.uniform(0, 1e18);
  }
}

Record any_flow(Random& random) {
  Record record = flow();
  Flow& flow = record.flow;
  record.time = time_from_micros(static_cast<std::int64_t>(random.below(4'000'000'000'000'000)));
  const char* const texts[] = {"",        "dns",  "http,ssl", "a\"b",
                               " blank ", "x\ty", "Ünïcode",  "\\x09"};
  flow.service = texts[random.below(std::size(texts))];
  flow.history = texts[random.below(std::size(texts))];
  flow.orig_p = static_cast<std::uint16_t>(random.below(65'536));
  flow.conn_state = static_cast<ConnState>(random.below(conn_state_count));
  for (double* number :
       {&flow.duration, &flow.orig_bytes, &flow.resp_bytes, &flow.missed_bytes, &flow.orig_pkts,
        &flow.orig_ip_bytes, &flow.resp_pkts, &flow.resp_ip_bytes}) {
    *number = any_number(random);
  }
  record.seal();
  return record;
}

std::string json_of(const Record& record) {
  std::string out;
  append_record_json(out, record);
  return out;
}

TEST(FlowWriters, WhatIsWrittenReadsBackEqual) {
  struct Format {
    const char* name;
    void (*header)(std::string&);
    void (*line)(std::string&, const Record&);
    std::unique_ptr<Decoder> decoder;
  };
  Format formats[] = {
      {"zeek", append_zeek_plain_header, append_zeek_plain_line, make_zeek_log_decoder()},
      {"csv", append_csv_header, append_csv_line, make_csv_decoder()},
  };
  constexpr std::uint64_t seed = 20'260'105;
  for (Format& format : formats) {
    Random random{seed};
    for (int i = 0; i < 2'000; ++i) {
      const Record written = any_flow(random);
      std::string text;
      if (i == 0) format.header(text);
      format.line(text, written);
      Record read;
      Truth truth;
      std::istringstream lines{text};
      bool found = false;
      for (std::string line; std::getline(lines, line);) {
        RawMessage message;
        message.payload = line;
        read.clear();
        const Result<Decoded> decoded = format.decoder->decode(message, read, truth);
        ASSERT_TRUE(decoded.ok()) << format.name << " seed " << seed << " flow " << i << ": "
                                  << decoded.error().message << '\n'
                                  << line;
        found = *decoded == Decoded::record;
      }
      ASSERT_TRUE(found);
      ASSERT_EQ(json_of(read), json_of(written)) << format.name << " seed " << seed << '\n' << text;
      ASSERT_EQ(read.key, written.key) << format.name;
    }
  }
}

}  // namespace
}  // namespace vedette
