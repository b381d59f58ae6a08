const service = "https://api.weather.example/v1/forecast";

export async function forecast(latitude, longitude, unit) {
  const query = new URLSearchParams({ latitude, longitude, unit });
  const answer = await fetch(`${service}?${query}`);
  if (!answer.ok) {
    throw new Error(`The weather service answered ${answer.status}`);
  }
  return answer.json();
}
