// sharp as one of those who race: a line of JSON in is a task, a line of JSON out says how long it took.
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);
sharp.simd(true);

const reply = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
reply({ versions: { sharp: sharp.versions.sharp, vips: sharp.versions.vips } });

for await (const line of createInterface({ input: process.stdin })) {
  const { source, results, renditions } = JSON.parse(line);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const image = sharp(source).autoOrient();
  const files = await Promise.all(
    renditions.map(({ width, height, fit, format }) =>
      image.clone().resize({ width, height, fit }).toFormat(format).toBuffer(),
    ),
  );
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  results.forEach((result, number) => writeFileSync(result, files[number]));
  reply({ ms, cpu_ms: (user + system) / 1000 });
}
