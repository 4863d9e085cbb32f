use super::*;
use std::io::Write;

/// What the stream gave.
#[derive(Debug)]
struct Read {
    head: Head,
    records: Vec<(usize, StringRecord)>,
}

impl Read {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|(number, record)| Row { number: *number, record })
    }
}

fn read(name: &str, content: &[u8]) -> anyhow::Result<Read> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    let mut stream = TableStream::open(&path)?;
    let (mut faults, mut records) = (Faults::default(), Vec::new());
    while let Some(row) = stream.next(&mut faults)? {
        records.push((row.number, row.record.clone()));
    }
    let head = stream.head().clone();
    assert_eq!(stream.finish(faults)?, records.len());
    Ok(Read { head, records })
}

fn fault(name: &str, content: &[u8]) -> String {
    read(name, content).unwrap_err().to_string()
}

fn cells(table: &Read) -> Vec<Vec<Option<&str>>> {
    table.rows().map(|row| (0..table.head.columns().len()).map(|c| row.cell(c)).collect()).collect()
}

#[test]
fn delimiters_byte_order_marks_line_ends_and_quotes_are_understood() {
    let texts: [&[u8]; 4] = [
        b"id,text\n1,\"a, \"\"b\"\"\"\n2,\n",
        b"\xEF\xBB\xBFid;text\r\n1;\"a, \"\"b\"\"\"\r\n2;\r\n",
        b"id\ttext\n1\t\"a, \"\"b\"\"\"\n2\t\n",
        b"\"id\",\"text\"\r\n\"1\",\"a, \"\"b\"\"\"\r\n\"2\",\"\"",
    ];
    for text in texts {
        let table = read("t.csv", text).unwrap();
        assert_eq!(table.head.columns(), ["id", "text"]);
        assert_eq!(cells(&table), [[Some("1"), Some("a, \"b\"")], [Some("2"), None]]);
    }
}

#[test]
fn a_packed_file_reads_like_the_plain_one() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"id\n1\n2\n").unwrap();
    let table = read("t.csv.gz", &packed.finish().unwrap()).unwrap();
    assert_eq!(table.records.len(), 2);
}

#[test]
fn json_lines_keep_numbers_and_open_inner_objects() {
    let lines = "{\"id\":1,\"score\":0.1,\"attributes\":{\"vip\":true}}\n\n{\"text\":null,\"id\":\"карта\"}\r\n";
    let table = read("t.jsonl", lines.as_bytes()).unwrap();
    let mut columns = table.head.columns().to_vec();
    columns.sort();
    assert_eq!(columns, ["attributes.vip", "id", "score", "text"]);
    let id = table.head.column("id").unwrap();
    assert_eq!(
        table.rows().map(|row| row.cell(id)).collect::<Vec<_>>(),
        [Some("1"), Some("карта")]
    );
    let last = table.rows().last().unwrap();
    assert_eq!((last.number, last.line()), (2, Some(3)));
    assert_eq!(table.head.place(last, id), "t.jsonl, row 2, column id");
}

#[test]
fn a_number_that_would_lose_digits_is_refused() {
    let fault = fault("t.jsonl", b"{\"id\":123456789012345678901234}\n");
    assert!(fault.contains("row 1") && fault.contains("column id"), "{fault}");
}

#[test]
fn faults_name_the_file_the_row_and_what_was_expected() {
    let cases: [(&str, &[u8], &str); 10] = [
        ("t.csv", b"", "t.csv: expected a header line, the file is empty"),
        ("t.csv", b"id,text\n", "t.csv: expected data rows, found none"),
        ("t.csv", b"id,id\n1,2\n", "t.csv: column id appears twice"),
        ("t.csv", b"id,\n1,2\n", "t.csv, header: column 2 has no name"),
        ("t.csv", b"a,b\n1,2\n1\n", "t.csv, row 2 (line 3): expected 2 cells, got 1"),
        ("t.csv", b"a,b\n1,2,3\n", "t.csv, row 1 (line 2): expected 2 cells, got 3"),
        (
            "t.csv",
            b"a,b\n1,\xC4\xFF\n",
            "t.csv, row 1, column b: expected UTF-8, got the byte 0xC4",
        ),
        ("t.csv", b"\xFF\xFEi\x00d\x00", "t.csv: expected UTF-8, this is UTF-16"),
        ("t.jsonl", b"{\"a\":1}\n[2]\n", "t.jsonl, row 2 (line 2): expected a JSON object"),
        ("t.parquet", b"not parquet", "t.parquet: expected Parquet"),
    ];
    for (name, content, expected) in cases {
        let fault = fault(name, content);
        assert!(fault.starts_with(expected), "{fault}");
    }
}

#[test]
fn a_missing_column_is_named_beside_those_there_are() {
    let table = read("t.csv", b"id,text\n1,a\n").unwrap();
    let fault = table.head.column("label").unwrap_err().to_string();
    assert_eq!(fault, "t.csv: there is no column label; the columns are: id, text");
}

#[test]
fn a_cell_over_several_lines_is_placed_by_row_and_line() {
    let table = read("t.csv", b"id,text\n1,\"a\nb\"\n2,c\n").unwrap();
    let last = table.rows().last().unwrap();
    assert_eq!(table.head.place(last, 0), "t.csv, row 2, column id (line 4)");
}

#[test]
fn parquet_values_become_text_without_loss() {
    use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    let schema = "message t {
        required binary id (UTF8);
        required int64 at (TIMESTAMP(NANOS,true));
        required int64 ms (TIMESTAMP_MILLIS);
        optional double score;
        required boolean vip;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let instant = 1_464_231_000_000;
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&[ByteArray::from("карта")], None, None).unwrap();
    column.close().unwrap();
    for unit in [instant * 1_000_000, instant] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[unit], None, None).unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&[], Some(&[0]), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<BoolType>().write_batch(&[true], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let table = read("t.parquet", &writer.into_inner().unwrap()).unwrap();
    let at = Some("2016-05-26T02:50:00Z");
    assert_eq!(cells(&table), [[Some("карта"), at, at, None, Some("true")]]);
}
